using System.Text.Json.Serialization;

namespace SecureBackup.Targets.Google;

/// <summary>What the platform says of an object, as far as anybody here asks. An answer without what is always asked for is none of an object.</summary>
internal sealed record GcsObject
{
    public string? Name { get; init; }

    public required long Size { get; init; }

    public required long Generation { get; init; }

    public long Metageneration { get; init; }

    public required DateTimeOffset TimeCreated { get; init; }

    /// <summary>When a generation stopped being the live one.</summary>
    public DateTimeOffset? TimeDeleted { get; init; }

    public string? StorageClass { get; init; }

    [JsonPropertyName("crc32c")]
    public string? Crc32C { get; init; }

    public GcsRetention? Retention { get; init; }

    public bool TemporaryHold { get; init; }
}

/// <param name="Mode">Unlocked or Locked.</param>
internal sealed record GcsRetention(string? Mode, DateTimeOffset? RetainUntilTime);

internal sealed record GcsPage(string? Kind, string? NextPageToken, IReadOnlyList<GcsObject>? Items);

/// <summary>What goes before the bytes of an upload.</summary>
internal sealed record GcsMetadata
{
    public required string Name { get; init; }

    [JsonPropertyName("crc32c")]
    public required string Crc32C { get; init; }

    public string ContentType { get; } = "application/octet-stream";

    public string? StorageClass { get; init; }

    public bool? TemporaryHold { get; init; }

    public GcsRetention? Retention { get; init; }
}

/// <summary>A change of an object; what is null stays.</summary>
internal sealed record GcsChange
{
    public bool? TemporaryHold { get; init; }

    public GcsRetention? Retention { get; init; }
}

internal sealed record GcsErrorAnswer(GcsError? Error);

internal sealed record GcsError(string? Message, IReadOnlyList<GcsErrorItem>? Errors);

internal sealed record GcsErrorItem(string? Reason);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowReadingFromString,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(GcsObject))]
[JsonSerializable(typeof(GcsPage))]
[JsonSerializable(typeof(GcsMetadata))]
[JsonSerializable(typeof(GcsChange))]
[JsonSerializable(typeof(GcsErrorAnswer))]
[JsonSerializable(typeof(System.Text.Json.JsonElement))]
[JsonSerializable(typeof(System.Text.Json.Nodes.JsonObject))]
internal sealed partial class GcsJson : JsonSerializerContext;
