using System.Diagnostics.CodeAnalysis;
using System.Formats.Cbor;
using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// Reads the vault's deterministic CBOR and refuses everything else: other key types, order or duplicates, indefinite lengths, longer
/// integers than needed, floats, tags, nesting beyond 16, strings and counts beyond their limits (checked before anything is allocated),
/// trailing bytes. Style:
/// <code>
/// var reader = CborMapReader.OfMap(bytes, "manifest body");
/// while (reader.NextKey(out var key)) switch (key) { case 0: … break; default: throw reader.UnknownKey(key); }
/// </code>
/// All its errors are <see cref="IntegrityException"/> Malformed, but for <see cref="UnknownKey"/>.
/// </summary>
public sealed class CborMapReader
{
    public const int MaxNesting = 16;
    public const int MaxTextBytes = 65_536;
    public const int FirstIgnorableKey = 128;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly CborReader _reader;
    private readonly string _what;
    private readonly bool _isSequence;
    private int _depth;

    /// <param name="what">What is read, for errors: "manifest 1f0c…".</param>
    /// <param name="isSequence">Several values may follow each other; ask <see cref="IsAtEnd"/>.</param>
    public CborMapReader(ReadOnlyMemory<byte> bytes, string what, bool isSequence = false)
    {
        _reader = new CborReader(bytes, CborConformanceMode.Ctap2Canonical, isSequence);
        _what = what;
        _isSequence = isSequence;
    }

    public bool IsAtEnd => _reader.BytesRemaining == 0;

    /// <summary>A reader that stands inside the one map that <paramref name="bytes"/> must be.</summary>
    public static CborMapReader OfMap(ReadOnlyMemory<byte> bytes, string what)
    {
        var reader = new CborMapReader(bytes, what);
        reader.BeginMap();
        return reader;
    }

    public void BeginMap()
    {
        Check(Read(static reader => reader.ReadStartMap()) is { } count && count <= _reader.BytesRemaining, "a map's length is wrong");
        Enter();
    }

    /// <summary>
    /// The next key that must be understood; keys of 128 or more, which may be ignored, are passed over. False at the end of
    /// the map, which is then left; at the end of the outermost map nothing may follow.
    /// </summary>
    /// <param name="alsoKnown">Keys of 128 or more that this caller understands; they come like the others.</param>
    public bool NextKey(out int key, params ReadOnlySpan<int> alsoKnown)
    {
        while (Read(static reader => reader.PeekState()) != CborReaderState.EndMap)
        {
            var raw = Read(static reader => reader.ReadUInt64());
            if (raw < FirstIgnorableKey || (raw <= int.MaxValue && alsoKnown.Contains((int)raw)))
            {
                key = (int)raw;
                return true;
            }

            Skip();
        }

        Read(static reader => { reader.ReadEndMap(); return 0; });
        Leave();
        key = -1;
        return false;
    }

    /// <summary>Passes over all that is left of the map at hand, whatever its keys: for what may be ignored as a whole.</summary>
    public void SkipRestOfMap()
    {
        while (NextKey(out _))
        {
            Skip();
        }
    }

    /// <param name="maxCount">More is refused.</param>
    /// <returns>The number of items that follow; then comes <see cref="EndArray"/>.</returns>
    public int BeginArray(int maxCount)
    {
        var count = Read(static reader => reader.ReadStartArray());
        Check(count is { } known && known <= maxCount && known <= _reader.BytesRemaining, "an array's length is wrong");
        Enter();
        return count!.Value;
    }

    /// <summary>An array of exactly <paramref name="count"/> items.</summary>
    public void BeginTuple(int count) => Check(BeginArray(count) == count, "an array's length is wrong");

    public void EndArray()
    {
        Read(static reader => { reader.ReadEndArray(); return 0; });
        Leave();
    }

    public T[] ReadArray<T>(int maxCount, Func<CborMapReader, T> readItem)
    {
        var items = new T[BeginArray(maxCount)];
        for (var i = 0; i < items.Length; i++)
        {
            items[i] = readItem(this);
        }

        EndArray();
        return items;
    }

    public ulong ReadUInt64(ulong max = ulong.MaxValue)
    {
        var value = Read(static reader => reader.ReadUInt64());
        Check(value <= max, "a number is too large");
        return value;
    }

    public uint ReadUInt32() => (uint)ReadUInt64(uint.MaxValue);

    /// <summary>0 to <paramref name="max"/>.</summary>
    public int ReadInt32(int max = int.MaxValue) => (int)ReadUInt64((ulong)max);

    /// <summary>A count or size: 0 to 2⁶³ − 1.</summary>
    public long ReadCount() => (long)ReadUInt64(long.MaxValue);

    public long ReadInt64() => Read(static reader => reader.ReadInt64());

    /// <summary>A slice of the bytes given, not a copy.</summary>
    public ReadOnlyMemory<byte> ReadBytes(int maxBytes)
    {
        var bytes = Read(static reader => reader.ReadDefiniteLengthByteString());
        Check(bytes.Length <= maxBytes, "a byte string is too long");
        return bytes;
    }

    /// <summary>A byte string of exactly <paramref name="length"/> bytes, not copied.</summary>
    public ReadOnlyMemory<byte> ReadExactBytes(int length)
    {
        var bytes = ReadBytes(length);
        Check(bytes.Length == length, "a byte string is too short");
        return bytes;
    }

    public string ReadText(int maxBytes = MaxTextBytes)
    {
        var bytes = Read(static reader => reader.ReadDefiniteLengthTextStringBytes());
        Check(bytes.Length <= maxBytes, "a text is too long");
        try
        {
            return StrictUtf8.GetString(bytes.Span);
        }
        catch (DecoderFallbackException exception)
        {
            throw Malformed("a text is not UTF-8", exception);
        }
    }

    /// <summary>A byte string of 32 bytes.</summary>
    public Id256 ReadId() => Id256.Read(ReadExactBytes(Id256.SizeBytes).Span);

    /// <summary><c>[seconds, nanoseconds]</c>.</summary>
    public Timestamp ReadTime()
    {
        BeginTuple(2);
        var seconds = ReadInt64();
        var nanoseconds = (uint)ReadUInt64(999_999_999);
        EndArray();
        return new Timestamp(seconds, nanoseconds);
    }

    /// <summary>Refuses what is well-formed CBOR but not what the format says.</summary>
    public void Check([DoesNotReturnIf(false)] bool isAsSpecified, string complaint)
    {
        if (!isAsSpecified)
        {
            throw Malformed(complaint);
        }
    }

    /// <summary>A field that must have been there.</summary>
    public T Required<T>(T? value, string field)
        where T : struct => value ?? throw Malformed($"{field} is missing");

    /// <inheritdoc cref="Required{T}(T?, string)"/>
    public T Required<T>(T? value, string field)
        where T : class => value ?? throw Malformed($"{field} is missing");

    /// <summary>To throw: a key below 128 that this version does not know changes the meaning of the rest.</summary>
    public VaultException UnknownKey(int key) => Unsupported($"key {key}");

    /// <summary>To throw: some other thing that this version does not know and must not guess.</summary>
    public VaultException Unsupported(string thing) => new(FaultCodes.UnsupportedFormat, $"The {_what} uses {thing}, which this version does not know.");

    public IntegrityException Malformed(string complaint, Exception? inner = null) =>
        new(FaultCodes.Malformed, $"The {_what} is malformed: {complaint}.", inner);

    private void Enter() => Check(++_depth <= MaxNesting, "it nests too deep");

    private void Leave() => Check(--_depth > 0 || _isSequence || IsAtEnd, "something follows it");

    /// <summary>Passes over one value of any allowed kind, as strictly as if it were read.</summary>
    private void Skip()
    {
        switch (Read(static reader => reader.PeekState()))
        {
            case CborReaderState.UnsignedInteger:
            case CborReaderState.NegativeInteger:
                _ = Read(static reader => { reader.SkipValue(); return 0; });
                break;
            case CborReaderState.ByteString:
                _ = ReadBytes(int.MaxValue);
                break;
            case CborReaderState.TextString:
                _ = ReadText();
                break;
            case CborReaderState.StartArray:
                for (var left = BeginArray(int.MaxValue); left > 0; left--)
                {
                    Skip();
                }

                EndArray();
                break;
            case CborReaderState.StartMap:
                BeginMap();
                SkipRestOfMap();
                break;
            default:
                throw Malformed("it holds a value of a kind that the format has not");
        }
    }

    private T Read<T>(Func<CborReader, T> read)
    {
        try
        {
            return read(_reader);
        }
        catch (Exception exception) when (exception is CborContentException or InvalidOperationException or OverflowException)
        {
            throw Malformed("it is not deterministic CBOR of the expected shape", exception);
        }
    }
}
