using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Packing;

/// <summary>A whole pack, ready to be stored under <see cref="PackRecord.Name"/>. Owns its bytes; disposing gives the buffer back.</summary>
public sealed class FinishedPack : IDisposable
{
    private readonly OwnedBuffer _buffer;

    internal FinishedPack(OwnedBuffer buffer, PackRecord record, IReadOnlyList<PackEntry> entries)
    {
        _buffer = buffer;
        Record = record;
        Entries = entries;
    }

    public PackRecord Record { get; }

    /// <summary>In the order of the frames.</summary>
    public IReadOnlyList<PackEntry> Entries { get; }

    public ReadOnlyMemory<byte> Bytes => _buffer.Memory;

    public void Dispose() => _buffer.Dispose();
}
