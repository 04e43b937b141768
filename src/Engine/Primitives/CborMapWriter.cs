using System.Formats.Cbor;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// Writes the vault's deterministic CBOR: maps with ascending unsigned keys, definite lengths, shortest integers. Calls chain.
/// What is written wrongly (keys descending, a map left open) is a bug and gives <see cref="InvalidOperationException"/>.
/// </summary>
public sealed class CborMapWriter
{
    private readonly CborWriter _writer;
    private readonly Stack<int> _lastKeys = new();

    /// <param name="isSequence">Several values one after the other without a frame around them.</param>
    /// <param name="capacityBytes">At least the final size where secrets are written: a buffer that grows leaves copies.</param>
    public CborMapWriter(bool isSequence = false, int capacityBytes = 256)
    {
        _writer = new CborWriter(CborConformanceMode.Ctap2Canonical, convertIndefiniteLengthEncodings: true, isSequence, capacityBytes);
    }

    public int LengthBytes => _writer.BytesWritten;

    /// <param name="count">Number of keys; where it is not known, leave it out: the map is still stored with its length.</param>
    public CborMapWriter BeginMap(int? count = null)
    {
        _writer.WriteStartMap(count);
        _lastKeys.Push(-1);
        return this;
    }

    public CborMapWriter EndMap()
    {
        _writer.WriteEndMap();
        _lastKeys.Pop();
        return this;
    }

    public CborMapWriter Key(int key)
    {
        if (key <= _lastKeys.Pop())
        {
            throw new InvalidOperationException($"Key {key} is not written in ascending order.");
        }

        _lastKeys.Push(key);
        _writer.WriteInt32(key);
        return this;
    }

    public CborMapWriter BeginArray(int count)
    {
        _writer.WriteStartArray(count);
        return this;
    }

    public CborMapWriter EndArray()
    {
        _writer.WriteEndArray();
        return this;
    }

    public CborMapWriter Array<T>(IReadOnlyCollection<T> items, Action<CborMapWriter, T> write)
    {
        BeginArray(items.Count);
        foreach (var item in items)
        {
            write(this, item);
        }

        return EndArray();
    }

    public CborMapWriter Int(long value)
    {
        _writer.WriteInt64(value);
        return this;
    }

    public CborMapWriter UInt(ulong value)
    {
        _writer.WriteUInt64(value);
        return this;
    }

    public CborMapWriter Bytes(ReadOnlySpan<byte> value)
    {
        _writer.WriteByteString(value);
        return this;
    }

    public CborMapWriter Text(string value)
    {
        _writer.WriteTextString(value);
        return this;
    }

    /// <summary>A byte string of 32 bytes.</summary>
    public CborMapWriter Id(Id256 value)
    {
        Span<byte> bytes = stackalloc byte[Id256.SizeBytes];
        value.CopyTo(bytes);
        return Bytes(bytes);
    }

    /// <summary><c>[seconds, nanoseconds]</c>.</summary>
    public CborMapWriter Time(Timestamp value) => BeginArray(2).Int(value.Seconds).UInt(value.Nanoseconds).EndArray();

    public byte[] Encode() => _writer.Encode();

    /// <summary>Forgets what was written and overwrites the buffer; for secrets.</summary>
    public void Wipe()
    {
        _writer.Reset();
        _lastKeys.Clear();
    }
}
