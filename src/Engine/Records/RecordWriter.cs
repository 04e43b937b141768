using System.Collections;
using System.Formats.Cbor;
using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Records;

/// <summary>
/// Writes one object as a record (docs/format/records.md): equal objects give equal bytes. Whatever cannot come back equal is refused by name and
/// path, never written as its text. Not thread-safe.
/// </summary>
public sealed partial class RecordWriter
{
    private readonly RecordShaper _shape;
    private readonly CborWriter _cbor = new(CborConformanceMode.Ctap2Canonical);
    private readonly List<object> _open = [];
    private readonly List<string> _path = [];
    private int _values;

    /// <param name="shape">For what the engine does not know; it leaves known values as they are.</param>
    public RecordWriter(RecordShaper? shape = null)
    {
        _shape = shape ?? (static value => value);
    }

    /// <exception cref="RequestException">RecordCyclic, RecordTooDeep, RecordTooLarge, RecordValueRefused: the message names the path.</exception>
    public byte[] Write(object? value)
    {
        try
        {
            _values = 0;
            WriteValue(value);
            return _cbor.BytesWritten <= RecordLimits.MaxRecordBytes
                ? _cbor.Encode()
                : throw new RequestException(FaultCodes.RecordTooLarge, $"It has {_cbor.BytesWritten:N0} bytes, and a record has at most {RecordLimits.MaxRecordBytes:N0}.");
        }
        finally
        {
            _cbor.Reset();
            _open.Clear();
            _path.Clear();
        }
    }

    /// <summary>To throw by a shaper: this value must not be in a record.</summary>
    /// <param name="why">Goes on behind the path: "is a …".</param>
    public static RequestException Refused(string why) => new(FaultCodes.RecordValueRefused, why);

    private void WriteValue(object? value)
    {
        if (++_values > RecordLimits.MaxValues || _cbor.BytesWritten > RecordLimits.MaxRecordBytes)
        {
            throw new RequestException(FaultCodes.RecordTooLarge, $"It goes on for more than {RecordLimits.MaxValues:N0} values or {RecordLimits.MaxRecordBytes:N0} bytes; '{Path}' is as far as it was read.");
        }

        var shaped = value is null ? null : Shape(value);
        if (shaped is null)
        {
            _cbor.WriteNull();
            return;
        }

        if (TryWriteScalar(shaped) || TryWriteNumber(shaped))
        {
            return;
        }

        Enter(value!);
        switch (shaped)
        {
            case RecordMap map:
                WriteMap(map);
                break;
            case Array { Rank: 1 } array:
                WriteArray(array);
                break;
            case IDictionary dictionary:
                WriteMap(new RecordMap(RecordMapKind.Hashtable, [.. dictionary.Keys.Cast<object>().Select(key => KeyValuePair.Create(key, dictionary[key]))], []));
                break;
            case IList list and not Array:
                _cbor.WriteStartArray(2);
                _cbor.WriteInt32(RecordCode.List);
                WriteItems(list);
                _cbor.WriteEndArray();
                break;
            default:
                throw Refused($"'{Path}' is a {shaped.GetType().FullName}, which a record cannot hold.");
        }

        _open.RemoveAt(_open.Count - 1);
    }

    private object? Shape(object value)
    {
        try
        {
            return _shape(value);
        }
        catch (RequestException refusal) when (refusal.Code == FaultCodes.RecordValueRefused)
        {
            throw Refused($"'{Path}' {refusal.Message}");
        }
    }

    private void Enter(object container)
    {
        foreach (var outer in _open)
        {
            if (ReferenceEquals(outer, container))
            {
                throw new RequestException(FaultCodes.RecordCyclic, $"'{Path}' leads back to an object that it stands in.");
            }
        }

        _open.Add(container);
        if (_open.Count > RecordLimits.MaxDepth)
        {
            throw new RequestException(FaultCodes.RecordTooDeep, $"'{Path}' nests deeper than {RecordLimits.MaxDepth} levels.");
        }
    }

    private void WriteArray(Array array)
    {
        if (array is byte[] bytes)
        {
            _cbor.WriteByteString(bytes);
            return;
        }

        var element = RecordCode.ElementOf(array.GetType().GetElementType()!);
        _cbor.WriteStartArray(element is null ? 2 : 3);
        _cbor.WriteInt32(element is null ? RecordCode.Array : RecordCode.TypedArray);
        if (element is { } code)
        {
            _cbor.WriteInt32(code);
        }

        WriteItems(array);
        _cbor.WriteEndArray();
    }

    private void WriteItems(IList items)
    {
        _cbor.WriteStartArray(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            _path.Add(string.Create(CultureInfo.InvariantCulture, $"[{i}]"));
            WriteValue(items[i]);
            _path.RemoveAt(_path.Count - 1);
        }

        _cbor.WriteEndArray();
    }

    private void WriteMap(RecordMap map)
    {
        _cbor.WriteStartArray(map.Kind == RecordMapKind.Object ? 3 : 2);
        _cbor.WriteInt32((int)map.Kind);
        if (map.Kind == RecordMapKind.Object)
        {
            _cbor.WriteStartArray(map.TypeNames.Count);
            foreach (var name in map.TypeNames)
            {
                WriteText(name);
            }

            _cbor.WriteEndArray();
        }

        var entries = map.Kind == RecordMapKind.Hashtable ? Sorted(map.Entries) : map.Entries;
        _cbor.WriteStartArray(2 * entries.Count);
        foreach (var (key, value) in entries)
        {
            _path.Add($".{key}");
            WriteValue(key);
            WriteValue(value);
            _path.RemoveAt(_path.Count - 1);
        }

        _cbor.WriteEndArray();
        _cbor.WriteEndArray();
    }

    /// <summary>The order of a hashtable is another in each process; of two equal ones the bytes must be the same.</summary>
    private List<KeyValuePair<object, object?>> Sorted(IReadOnlyList<KeyValuePair<object, object?>> entries)
    {
        var keys = new RecordWriter(_shape);
        return [.. entries.Select(entry => (Key: keys.Write(entry.Key), Entry: entry)).OrderBy(static item => item.Key, ByteOrder.Instance).Select(static item => item.Entry)];
    }

    private string Path
    {
        get
        {
            const int MaxShown = 200;
            var path = string.Concat(_path).TrimStart('.');
            return path.Length == 0 ? "the record" : path.Length > MaxShown ? string.Concat(path.AsSpan(0, MaxShown), "…") : path;
        }
    }
}
