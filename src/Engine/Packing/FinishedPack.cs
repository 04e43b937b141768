using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>A whole pack, ready to be stored under <see cref="PackRecord.Name"/>. Owns its bytes; disposing gives the buffer back.</summary>
public sealed class FinishedPack : IDisposable
{
    private readonly OwnedBuffer _buffer;

    internal FinishedPack(OwnedBuffer buffer, PackRecord record, IReadOnlyList<PackEntry> entries, ulong checksum)
    {
        Checksum = checksum;
        _buffer = buffer;
        Record = record;
        Entries = entries;
    }

    public PackRecord Record { get; }

    /// <summary>In the order of the frames.</summary>
    public IReadOnlyList<PackEntry> Entries { get; }

    /// <summary>XXH3 of the bytes, taken piece by piece as they were made: what went wrong in memory since shows.</summary>
    public ulong Checksum { get; }

    public ReadOnlyMemory<byte> Bytes => _buffer.Memory;

    public void Dispose() => _buffer.Dispose();
}
