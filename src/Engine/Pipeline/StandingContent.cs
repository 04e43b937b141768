using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>A stretch of a file that stands at the destination.</summary>
internal readonly record struct StandingPiece(long Offset, int LengthBytes);

/// <summary>What a file at the destination holds, in the vault's terms.</summary>
/// <param name="Stamp">Null where it could not be read.</param>
/// <param name="IsSame">Chunk for chunk the content that the snapshot has.</param>
/// <param name="Pieces">Where its chunks lie; complete only for files of a sane number of chunks, which costs fetches and no correctness.</param>
internal sealed record StandingContent(Destinations.StandingStamp? Stamp, bool IsSame, IReadOnlyDictionary<ChunkId, StandingPiece> Pieces)
{
    internal static StandingContent Unreadable { get; } = new(null, false, new Dictionary<ChunkId, StandingPiece>());
}
