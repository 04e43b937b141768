using System.Formats.Cbor;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Records;

/// <summary>
/// Reads what <see cref="RecordWriter"/> wrote: values as they were, arrays with their element types, lists as <see cref="List{T}"/> of objects, the rest as
/// <see cref="RecordMap"/> and <see cref="RecordEnum"/>. Refuses whatever a writer does not write, before it allocates for it.
/// </summary>
public static partial class RecordReader
{
    /// <summary>Lists within lists that each claim millions get their memory as their items come.</summary>
    private const int MaxEagerItems = 1024;

    /// <exception cref="IntegrityException">RecordMalformed.</exception>
    /// <exception cref="VaultException">UnsupportedFormat: a kind of value that this version does not know.</exception>
    public static object? Read(ReadOnlyMemory<byte> record)
    {
        try
        {
            var reader = new CborReader(record, CborConformanceMode.Ctap2Canonical);
            var value = ReadValue(reader, 0);
            return reader.BytesRemaining == 0 ? value : throw Malformed("something follows it");
        }
        catch (Exception exception) when (exception is CborContentException or InvalidOperationException or OverflowException or ArgumentException or FormatException)
        {
            throw Malformed("it is not of the expected shape", exception);
        }
    }

    private static object? ReadValue(CborReader reader, int depth)
    {
        switch (reader.PeekState())
        {
            case CborReaderState.Null:
                reader.ReadNull();
                return null;
            case CborReaderState.Boolean:
                return reader.ReadBoolean();
            case CborReaderState.TextString:
                return reader.ReadTextString();
            case CborReaderState.ByteString:
                return reader.ReadByteString();
            case CborReaderState.UnsignedInteger:
            case CborReaderState.NegativeInteger:
                return reader.ReadInt32();
            case CborReaderState.StartArray:
                return ReadCoded(reader, depth);
            default:
                throw Malformed("it holds a value of a kind that records have not");
        }
    }

    private static object? ReadCoded(CborReader reader, int depth)
    {
        var count = Begin(reader);
        Require(count > 0, "an array has no code");
        var code = reader.ReadInt32();
        var value = code switch
        {
            RecordCode.Array or RecordCode.TypedArray or RecordCode.List or RecordCode.Object or RecordCode.Hashtable or RecordCode.Ordered
                => ReadContainer(reader, code, depth < RecordLimits.MaxDepth ? depth + 1 : throw Malformed("it nests too deep")),
            _ => ReadScalar(reader, code),
        };
        reader.ReadEndArray();
        return value;
    }

    private static object ReadContainer(CborReader reader, int code, int depth)
    {
        switch (code)
        {
            case RecordCode.Array:
                return ReadItems(reader, depth).ToArray();
            case RecordCode.List:
                return ReadItems(reader, depth);
            case RecordCode.TypedArray:
                return ReadTypedArray(reader, depth);
            default:
                var names = code == RecordCode.Object ? ReadNames(reader) : [];
                return new RecordMap((RecordMapKind)code, ReadEntries(reader, code, depth), names);
        }
    }

    private static List<object?> ReadItems(CborReader reader, int depth)
    {
        var count = Begin(reader);
        var items = new List<object?>(Math.Min(count, MaxEagerItems));
        for (var i = 0; i < count; i++)
        {
            items.Add(ReadValue(reader, depth));
        }

        reader.ReadEndArray();
        return items;
    }

    private static Array ReadTypedArray(CborReader reader, int depth)
    {
        var code = reader.ReadInt32();
        var element = RecordCode.TypeOfElement(code) ?? throw Unsupported($"arrays of element {code}");
        var items = ReadItems(reader, depth);
        var array = Array.CreateInstance(element, items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            Require(items[i] is null ? !element.IsValueType : items[i]!.GetType().IsAssignableTo(element), "an array holds a value of another type");
            array.SetValue(items[i], i);
        }

        return array;
    }

    private static string[] ReadNames(CborReader reader)
    {
        var names = new List<string>();
        for (var left = Begin(reader); left > 0; left--)
        {
            names.Add(reader.ReadTextString());
        }

        reader.ReadEndArray();
        return [.. names];
    }

    private static List<KeyValuePair<object, object?>> ReadEntries(CborReader reader, int code, int depth)
    {
        var count = Begin(reader);
        Require(count % 2 == 0, "a key has no value");
        var entries = new List<KeyValuePair<object, object?>>(Math.Min(count / 2, MaxEagerItems));
        for (var i = 0; i < count; i += 2)
        {
            var key = ReadValue(reader, depth) ?? throw Malformed("a key is null");
            Require(code != RecordCode.Object || key is string, "a property has no name");
            entries.Add(new KeyValuePair<object, object?>(key, ReadValue(reader, depth)));
        }

        reader.ReadEndArray();
        return entries;
    }

    /// <summary>The length of the array that begins; each item takes a byte at least.</summary>
    private static int Begin(CborReader reader)
    {
        var count = reader.ReadStartArray();
        Require(count is { } known && known <= reader.BytesRemaining && known <= 2 * RecordLimits.MaxValues, "an array's length is wrong");
        return count!.Value;
    }

    private static void Require(bool isAsSpecified, string complaint)
    {
        if (!isAsSpecified)
        {
            throw Malformed(complaint);
        }
    }

    private static IntegrityException Malformed(string complaint, Exception? inner = null) => new(FaultCodes.RecordMalformed, $"A record is malformed: {complaint}.", inner);

    private static VaultException Unsupported(string thing) => new(FaultCodes.UnsupportedFormat, $"A record uses {thing}, which this version does not know.");
}
