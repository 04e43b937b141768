using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Targets.Naming;

/// <summary>The file of a registered target. What this version does not know is damage: half of a target's settings would be another target.</summary>
internal static class TargetFile
{
    public const int MaxBytes = 1024 * 1024;

    private const int Version = 1;

    private static readonly JsonWriterOptions Written = new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonDocumentOptions Read = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    public static byte[] Encode(TargetSettings settings)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Written))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("name", settings.Name);
            json.WriteString("address", settings.Address.Canonical);
            json.WriteStartObject("options");
            foreach (var (key, value) in settings.Options.OrderBy(static option => option.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }

            json.WriteEndObject();
            json.WriteStartObject("credential");
            json.WriteString("kind", settings.Credential.Source.ToString().ToLowerInvariant());
            json.WriteString("name", settings.Credential.Name);
            json.WriteString("vault", settings.Credential.SecretVault);
            json.WriteEndObject();
            json.WritePropertyName("maxBytesPerSecond");
            if (settings.MaxBytesPerSecond is { } limit)
            {
                json.WriteNumberValue(limit);
            }
            else
            {
                json.WriteNullValue();
            }

            json.WriteStartArray("timetable");
            foreach (var line in settings.Timetable)
            {
                json.WriteStringValue(line);
            }

            json.WriteEndArray();
            json.WriteBoolean("readOnly", settings.IsReadOnly);
            json.WriteString("registered", settings.RegisteredAt?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static TargetSettings Decode(ReadOnlyMemory<byte> bytes, string name)
    {
        try
        {
            using var document = JsonDocument.Parse(bytes, Read);
            return Decode(document.RootElement, name);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException or KeyNotFoundException)
        {
            throw Damaged(name, exception.Message.TrimEnd('.'), exception);
        }
        catch (BackupException exception) when (exception.Code != FaultCodes.TargetFileDamaged)
        {
            throw Damaged(name, exception.Message.TrimEnd('.'), exception);
        }
    }

    public static RequestException Damaged(string name, string problem, Exception? inner = null) =>
        new(FaultCodes.TargetFileDamaged, $"The file of the target '{name}' cannot be read: {problem}.", inner);

    private static TargetSettings Decode(JsonElement root, string name)
    {
        RequireFields(name, root, "version", "name", "address", "options", "credential", "maxBytesPerSecond", "timetable", "readOnly", "registered");
        var credential = root.GetProperty("credential");
        RequireFields(name, credential, "kind", "name", "vault");
        if (root.GetProperty("version").GetInt32() != Version)
        {
            throw Damaged(name, "another version of the module wrote it");
        }

        if (!string.Equals(root.GetProperty("name").GetString(), name, StringComparison.Ordinal))
        {
            throw Damaged(name, "it is that of another target");
        }

        return new TargetSettings
        {
            Name = name,
            Address = TargetUri.Parse(Text(name, root.GetProperty("address"))),
            Options = root.GetProperty("options").EnumerateObject().ToImmutableSortedDictionary(static option => option.Name, option => Text(name, option.Value), StringComparer.Ordinal),
            Credential = new CredentialReference(
                Enum.TryParse<CredentialSource>(Text(name, credential.GetProperty("kind")), ignoreCase: true, out var source) && Enum.IsDefined(source)
                    ? source
                    : throw Damaged(name, "its credential is of a kind that this version does not know"),
                credential.GetProperty("name").GetString(),
                credential.GetProperty("vault").GetString()),
            MaxBytesPerSecond = root.GetProperty("maxBytesPerSecond") is { ValueKind: not JsonValueKind.Null } limit ? limit.GetInt64() : null,
            Timetable = [.. root.GetProperty("timetable").EnumerateArray().Select(line => Text(name, line))],
            IsReadOnly = root.GetProperty("readOnly").GetBoolean(),
            RegisteredAt = root.GetProperty("registered").GetString() is { } text
                ? DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal)
                : null,
        };
    }

    private static string Text(string name, JsonElement value) => value.GetString() ?? throw Damaged(name, "a text is missing");

    private static void RequireFields(string name, JsonElement value, params string[] known)
    {
        if (value.EnumerateObject().FirstOrDefault(field => !known.Contains(field.Name, StringComparer.Ordinal)) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
        {
            throw Damaged(name, $"this version does not know the field '{unknown.Name}'");
        }
    }
}
