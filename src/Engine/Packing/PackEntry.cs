using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>Under whose key a frame's content lies; the numbers are part of the vault format.</summary>
public enum ChunkSealing : byte
{
    /// <summary>Sealed by the pack alone.</summary>
    Direct = 0,

    /// <summary>Sealed inside under a subject's key, outside by the pack.</summary>
    Subject = 1,
}

/// <summary>Whose domain a chunk belongs to, and that subject's key.</summary>
public sealed record SubjectDomain(DomainId Id, SubjectKey Key)
{
    /// <summary>The same with a key of its own, for who outlives the owner of this one.</summary>
    internal SubjectDomain Copy() => this with { Key = new SubjectKey(Key.Bytes) };
}

/// <summary>A chunk on its way into a pack.</summary>
public readonly ref struct ChunkFrame
{
    public required ChunkId Chunk { get; init; }

    /// <summary>Length before compression.</summary>
    public required int PlainBytes { get; init; }

    public required CompressionId Compression { get; init; }

    public ChunkSealing Sealing { get; init; }

    /// <summary>The chunk after compression and, for a subject's, after its inner seal.</summary>
    public required ReadOnlySpan<byte> Payload { get; init; }

    /// <summary>
    /// XXH3 of the payload as it was before somebody proved that it unpacks to the chunk: what goes wrong in memory between the proof and the seal shows.
    /// </summary>
    public required ulong Checksum { get; init; }
}

/// <summary>Where a chunk went: its place in the order of frames, and its bytes in the pack.</summary>
public readonly record struct PackPlace(int Frame, int OffsetBytes, int FrameBytes);

/// <summary>One chunk in one pack. An entry from outside passed <see cref="Require"/> before anything is done with its numbers.</summary>
public readonly record struct PackEntry(
    ChunkId Chunk, int Frame, int OffsetBytes, int FrameBytes, int PlainBytes, CompressionId Compression, ChunkSealing Sealing)
{
    public PackPlace Place => new(Frame, OffsetBytes, FrameBytes);

    public ByteRange Range => new(OffsetBytes, FrameBytes);

    private bool IsKnown => Sealing <= ChunkSealing.Subject && Enum.IsDefined(Compression);

    internal int PayloadBytes => FrameBytes - FrameSealer.TagBytes;

    /// <summary>Why this entry cannot stand in a pack of the given length; null when it can.</summary>
    internal string? Objection(long packBytes)
    {
        var overhead = FrameSealer.TagBytes + (Sealing == ChunkSealing.Subject ? SubjectSeal.OverheadBytes : 0);
        return Frame is < 0 or >= PackLayout.MaxFrames ? $"frame number {Frame} is beyond the limit"
            : PlainBytes is < 0 or > PackLayout.MaxChunkBytes ? $"a chunk of {(uint)PlainBytes} bytes is beyond the limit"
            : FrameBytes < overhead ? $"a frame of {(uint)FrameBytes} bytes is too short"
            : Compression == CompressionId.Stored && FrameBytes - overhead != PlainBytes ? "a stored chunk has another length than its frame"
            : OffsetBytes < PackLayout.PrologueBytes ? $"offset {(uint)OffsetBytes} lies before the first frame"
            : (long)OffsetBytes + FrameBytes > packBytes - PackLayout.TailBytes ? $"the frame at {OffsetBytes} reaches beyond the pack"
            : null;
    }

    /// <summary>Whether it passes <see cref="Require"/>.</summary>
    internal bool IsPossible(long packBytes) => IsKnown && Objection(packBytes) is null;

    /// <exception cref="IntegrityException">PackMalformed.</exception>
    /// <exception cref="VaultException">UnsupportedFormat: a compression or sealing that this reader does not know.</exception>
    internal void Require(PackId pack, long packBytes)
    {
        if (!IsKnown)
        {
            throw new VaultException(
                FaultCodes.UnsupportedFormat,
                $"Chunk {Chunk} in pack {pack} has compression {(byte)Compression} and sealing {(byte)Sealing}; this program does not know them.");
        }

        if (Objection(packBytes) is { } objection)
        {
            throw new IntegrityException(FaultCodes.PackMalformed, $"Chunk {Chunk} in pack {pack}: {objection}.");
        }
    }
}

/// <summary>What an index says about a pack.</summary>
/// <param name="Sha256">Over all stored bytes, padding included; all zero where it is not known, as in an index rebuilt from tables.</param>
/// <param name="Writer">Whose pack it is.</param>
public sealed record PackRecord(PackId Id, ContentHash Sha256, MemberId Writer, int LengthBytes, int ChunkCount)
{
    public bool HasHash => !Sha256.Value.IsZero;

    /// <summary>Under which name the pack lies on a target.</summary>
    public ObjectName Name => NameOf(Id);

    public static ObjectName NameOf(PackId id)
    {
        var hex = id.ToString();
        return new ObjectName($"packs/{hex.AsSpan(0, 2)}/{hex}");
    }
}
