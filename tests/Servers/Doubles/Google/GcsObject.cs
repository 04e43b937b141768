using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary>One generation of an object.</summary>
internal sealed class GcsObject(string bucket, string name, long generation, byte[] bytes, DateTimeOffset created)
{
    private static readonly string[] Free = ["metadata", "customTime", "cacheControl", "contentDisposition", "contentEncoding", "contentLanguage"];

    private DateTimeOffset? _updated;

    public string Name => name;

    public long Generation => generation;

    public byte[] Bytes => bytes;

    public DateTimeOffset Created => created;

    public long Metageneration { get; private set; } = 1;

    public DateTimeOffset Updated => _updated ?? created;

    public DateTimeOffset? Deleted { get; set; }

    /// <summary>Null unless it was put together from others, which leaves no MD5.</summary>
    public int? Components { get; init; }

    public required string StorageClass { get; init; }

    public string ContentType { get; set; } = "application/octet-stream";

    /// <summary>What its owner may say about it: <see cref="Free"/>.</summary>
    public JsonObject Extra { get; } = [];

    public bool TemporaryHold { get; set; }

    public bool EventBasedHold { get; set; }

    /// <summary>When the last event-based hold was taken off: the bucket's retention counts from there.</summary>
    public DateTimeOffset? Released { get; set; }

    public string? RetentionMode { get; set; }

    public DateTimeOffset? RetainUntil { get; set; }

    public string Crc32C => field ??= Castagnoli.Base64(bytes);

    public string Md5 => field ??= Convert.ToBase64String(MD5.HashData(bytes));

    /// <summary>A field that is null is taken away, one that is not named stays.</summary>
    public void Describe(JsonObject body)
    {
        ContentType = (string?)body["contentType"] ?? ContentType;
        foreach (var key in Free.Where(body.ContainsKey))
        {
            GcsJson.Merge(Extra, new JsonObject { [key] = body[key]?.DeepClone() });
        }
    }

    public void Touch(DateTimeOffset now)
    {
        Metageneration++;
        _updated = now;
    }

    /// <param name="retentionPeriod">Of the bucket.</param>
    public DateTimeOffset? KeptUntil(TimeSpan? retentionPeriod)
    {
        var byBucket = retentionPeriod is { } period ? (Released ?? created) + period : (DateTimeOffset?)null;
        return byBucket > RetainUntil || RetainUntil is null ? byBucket : RetainUntil;
    }

    public JsonObject ToJson(Uri address, TimeSpan? retentionPeriod)
    {
        var path = $"b/{Uri.EscapeDataString(bucket)}/o/{Uri.EscapeDataString(name)}";
        var json = new JsonObject
        {
            ["kind"] = "storage#object",
            ["id"] = $"{bucket}/{name}/{Number(generation)}",
            ["selfLink"] = $"{address}storage/v1/{path}",
            ["mediaLink"] = $"{address}download/storage/v1/{path}?generation={Number(generation)}&alt=media",
            ["name"] = name,
            ["bucket"] = bucket,
            ["generation"] = Number(generation),
            ["metageneration"] = Number(Metageneration),
            ["contentType"] = ContentType,
            ["storageClass"] = StorageClass,
            ["size"] = Number(bytes.Length),
            ["crc32c"] = Crc32C,
            ["etag"] = Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes($"{generation}/{Metageneration}")),
            ["timeCreated"] = Time(created),
            ["updated"] = Time(Updated),
            ["timeStorageClassUpdated"] = Time(created),
            ["timeFinalized"] = Time(created),
        };
        Add(json, "md5Hash", Components is null ? Md5 : null);
        Add(json, "componentCount", Components);
        foreach (var (key, value) in Extra)
        {
            Add(json, key, value?.DeepClone());
        }

        Add(json, "timeDeleted", Deleted is { } deleted ? Time(deleted) : null);
        Add(json, "temporaryHold", TemporaryHold ? true : null);
        Add(json, "eventBasedHold", EventBasedHold ? true : null);
        Add(json, "retention", RetainUntil is { } until ? new JsonObject { ["mode"] = RetentionMode, ["retainUntilTime"] = Time(until) } : null);
        Add(json, "retentionExpirationTime", KeptUntil(retentionPeriod) is { } kept && !EventBasedHold ? Time(kept) : null);
        return json;
    }

    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static void Add(JsonObject json, string key, JsonNode? value)
    {
        if (value is not null)
        {
            json[key] = value;
        }
    }
}
