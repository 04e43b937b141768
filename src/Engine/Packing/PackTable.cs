using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>Where a pack's frames end and its table lies, as the locator says.</summary>
public readonly record struct PackLocator(int FramesEnd, int TableFramesBytes, int ChunkCount)
{
    public ByteRange TableRange => new(FramesEnd, TableFramesBytes);
}

/// <summary>What a pack says of itself, under a signature that verified.</summary>
/// <param name="Writer">Who signed; had the right to write packs, but may be revoked since: then it is good for reading, not for deduplication.</param>
/// <param name="FramesHash">SHA-256 of the pack from its start to the end of its frames.</param>
/// <param name="Entries">In the order of the frames.</param>
public sealed record PackTable(PackId Id, MemberEntry Writer, Id256 FramesHash, IReadOnlyList<PackEntry> Entries);
