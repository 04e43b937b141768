using System.Globalization;
using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Google;

internal sealed class GcsObjectMethods(GcsState state)
{
    public GcsReply Get(GcsCall call)
    {
        var bucket = state.Admit(call);
        var stored = Find(call, bucket);
        GcsPreconditions.ThrowIfUnmet(call, stored, isRead: true);
        return call.Query("alt") is "media" ? Media(call, stored) : GcsReply.Of(state.Describe(bucket, stored));
    }

    public GcsReply Delete(GcsCall call)
    {
        var bucket = state.Admit(call);
        var stored = Find(call, bucket);
        GcsPreconditions.ThrowIfUnmet(call, stored, isRead: false);
        if (bucket.IsVersioned && call.Number("generation") is null)
        {
            GcsRetention.ThrowIfHeld(bucket, stored);
            state.ThrowIfTooFast(bucket, stored.Name);
            stored.Deleted = state.Now;
        }
        else
        {
            GcsRetention.ThrowIfKept(bucket, stored, state.Now);
            state.ThrowIfTooFast(bucket, stored.Name);
            bucket.Remove(stored);
        }

        return new GcsReply(204);
    }

    public GcsReply Patch(GcsCall call)
    {
        var bucket = state.Admit(call);
        var stored = Find(call, bucket);
        GcsPreconditions.ThrowIfUnmet(call, stored, isRead: false);
        var body = call.Body ?? [];
        if (body.ContainsKey("retention"))
        {
            state.Rights.ThrowIfDenied(call.Caller, bucket, "storage.objects.setRetention");
        }

        if (call.Flag("overrideUnlockedRetention"))
        {
            state.Rights.ThrowIfDenied(call.Caller, bucket, "storage.objects.overrideUnlockedRetention");
        }

        if (!state.Options.IgnoresLocks)
        {
            GcsRetention.Apply(bucket, stored, body, call.Flag("overrideUnlockedRetention"), state.Now, isNew: false);
        }

        state.ThrowIfTooFast(bucket, stored.Name);
        stored.Describe(body);
        stored.Touch(state.Now);
        return GcsReply.Of(state.Describe(bucket, stored));
    }

    public GcsReply Compose(GcsCall call)
    {
        var bucket = state.Admit(call, "destinationBucket");
        var sources = call.Body?["sourceObjects"] as JsonArray ?? [];
        if (sources.Count is 0 or > 32)
        {
            throw GcsFault.Invalid("The number of source components must be between 1 and 32.");
        }

        var parts = sources.Select(source =>
        {
            var part = bucket.Find((string)source!["name"]!, Number(source["generation"])) ?? throw GcsFault.NoObject(bucket.Name, (string)source["name"]!);
            return Number(source["objectPreconditions"]?["ifGenerationMatch"]) is { } wanted && wanted != part.Generation ? throw GcsFault.Precondition() : part;
        }).ToList();
        var bytes = parts.SelectMany(part => part.Bytes).ToArray();
        var name = GcsState.CheckName(call["destinationObject"]);
        var stored = state.Store(call, bucket, name, call.Body!["destination"] as JsonObject ?? [], bytes, parts.Sum(part => part.Components ?? 1));
        return GcsReply.Of(state.Describe(bucket, stored));
    }

    public GcsReply Copy(GcsCall call) => GcsReply.Of(CopyWhole(call));

    /// <summary>In several calls where the caller wants that, each with the token of the one before.</summary>
    public GcsReply Rewrite(GcsCall call)
    {
        var source = FindSource(call);
        var done = call.Query("rewriteToken") is { } token ? long.Parse(token, CultureInfo.InvariantCulture) : 0;
        done = Math.Min(source.Bytes.Length, done + (call.Number("maxBytesRewrittenPerCall") ?? long.MaxValue - done));
        var answer = new JsonObject
        {
            ["kind"] = "storage#rewriteResponse",
            ["totalBytesRewritten"] = GcsObject.Number(done),
            ["objectSize"] = GcsObject.Number(source.Bytes.Length),
            ["done"] = done == source.Bytes.Length,
        };
        if (done < source.Bytes.Length)
        {
            answer["rewriteToken"] = GcsObject.Number(done);
        }
        else
        {
            answer["resource"] = CopyWhole(call);
        }

        return GcsReply.Of(answer);
    }

    private JsonObject CopyWhole(GcsCall call)
    {
        var bucket = state.Admit(call, "destinationBucket");
        var source = FindSource(call);
        var body = source.Extra.DeepClone().AsObject();
        body["contentType"] = source.ContentType;
        GcsJson.Merge(body, call.Body ?? []);
        var stored = state.Store(call, bucket, GcsState.CheckName(call["destinationObject"]), body, source.Bytes);
        return state.Describe(bucket, stored);
    }

    private GcsObject FindSource(GcsCall call)
    {
        var from = state.Bucket(call["sourceBucket"]);
        var source = from.Find(call["sourceObject"], call.Number("sourceGeneration")) ?? throw GcsFault.NoObject(from.Name, call["sourceObject"]);
        GcsPreconditions.ThrowIfUnmet(call, source, isRead: false, "Source");
        return source;
    }

    /// <summary>Who may not list is not told that an object is missing.</summary>
    private GcsObject Find(GcsCall call, GcsBucket bucket)
    {
        var name = GcsState.CheckName(call["object"]);
        if (bucket.Find(name, call.Number("generation")) is { } stored)
        {
            return stored;
        }

        state.Rights.ThrowIfDenied(call.Caller, bucket, "storage.objects.list");
        throw GcsFault.NoObject(bucket.Name, name);
    }

    private static long? Number(JsonNode? node) => node is null ? null : long.Parse((string)node!, CultureInfo.InvariantCulture);

    private static GcsReply Media(GcsCall call, GcsObject stored)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Accept-Ranges"] = "bytes",
            ["ETag"] = $"\"{stored.Generation}\"",
            ["Last-Modified"] = stored.Updated.ToString("R", CultureInfo.InvariantCulture),
            ["x-goog-generation"] = GcsObject.Number(stored.Generation),
            ["x-goog-metageneration"] = GcsObject.Number(stored.Metageneration),
            ["x-goog-storage-class"] = stored.StorageClass,
            ["x-goog-stored-content-length"] = GcsObject.Number(stored.Bytes.Length),
            ["x-goog-hash"] = stored.Components is null ? $"crc32c={stored.Crc32C},md5={stored.Md5}" : $"crc32c={stored.Crc32C}",
        };
        var whole = new GcsReply(200) { Bytes = stored.Bytes, ContentType = stored.ContentType, Headers = headers };
        if (call.Headers.Range.ToString() is not { Length: > 0 } range || !TryParse(range, stored.Bytes.Length, out var first, out var last))
        {
            return whole;
        }

        if (first >= stored.Bytes.Length || first > last)
        {
            throw new GcsFault(416, "requestedRangeNotSatisfiable", "Request range not satisfiable");
        }

        headers["Content-Range"] = $"bytes {first}-{last}/{stored.Bytes.Length}";
        return whole with { Status = 206, Bytes = stored.Bytes.AsMemory((int)first, (int)(last - first + 1)) };
    }

    private static bool TryParse(string range, long length, out long first, out long last)
    {
        (first, last) = (0, length - 1);
        if (!range.StartsWith("bytes=", StringComparison.Ordinal) || range[6..].Split('-') is not [var from, var to])
        {
            return false;
        }

        if (from.Length == 0)
        {
            first = Math.Max(0, length - long.Parse(to, CultureInfo.InvariantCulture));
            return true;
        }

        first = long.Parse(from, CultureInfo.InvariantCulture);
        last = to.Length == 0 ? length - 1 : Math.Min(length - 1, long.Parse(to, CultureInfo.InvariantCulture));
        return true;
    }
}
