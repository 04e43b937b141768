using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using SecureBackup.Engine.Records;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Records as JSON for people and other programs: what JSON has no type for is its text, bytes are base64. Exact types stay in the vault.</summary>
internal static class RecordJson
{
    internal static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static byte[] Encode(IEnumerable<object?> records)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartArray();
            foreach (var record in records)
            {
                Write(json, record);
            }

            json.WriteEndArray();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>A value in one line, for a cell.</summary>
    internal static string ToText(object? value)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Options with { Indented = false }))
        {
            Write(json, value);
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The text of a value that is no list and no map; null for those. Times are ISO 8601.</summary>
    internal static string? ScalarText(object? value) => value switch
    {
        null or DBNull => string.Empty,
        string text => text,
        bool flag => flag ? "true" : "false",
        char character => character.ToString(),
        byte[] bytes => Convert.ToBase64String(bytes),
        DateTime or DateTimeOffset or DateOnly or TimeOnly => ((IFormattable)value).ToString("o", CultureInfo.InvariantCulture),
        RecordEnum member => member.Text,
        Uri uri => uri.OriginalString,
        Array or List<object?> or RecordMap => null,
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString(),
    };

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null or DBNull: json.WriteNullValue(); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case sbyte or byte or short or ushort or int or uint or long: json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture)); break;
            case ulong number: json.WriteNumberValue(number); break;
            case decimal number: json.WriteNumberValue(number); break;
            case double number when double.IsFinite(number): json.WriteNumberValue(number); break;
            case float number when float.IsFinite(number): json.WriteNumberValue(number); break;
            case RecordMap map: WriteMap(json, map); break;
            case byte[] bytes: json.WriteBase64StringValue(bytes); break;
            case System.Collections.IEnumerable items and not string:
                json.WriteStartArray();
                foreach (var item in items)
                {
                    Write(json, item);
                }

                json.WriteEndArray();
                break;
            default: json.WriteStringValue(ScalarText(value)); break;
        }
    }

    private static void WriteMap(Utf8JsonWriter json, RecordMap map)
    {
        json.WriteStartObject();
        foreach (var (key, item) in map.Entries)
        {
            json.WritePropertyName(ScalarText(key) ?? ToText(key));
            Write(json, item);
        }

        json.WriteEndObject();
    }
}
