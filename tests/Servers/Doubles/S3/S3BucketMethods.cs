using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Listings, deletes of many, and the settings of a bucket.</summary>
internal sealed class S3BucketMethods(S3DoubleOptions options)
{
    /// <summary>What is said of a setting that was never put.</summary>
    private static readonly Dictionary<string, string> MissingSettings = new(StringComparer.Ordinal)
    {
        ["encryption"] = "ServerSideEncryptionConfigurationNotFoundError",
        ["lifecycle"] = "NoSuchLifecycleConfiguration",
        ["publicAccessBlock"] = "NoSuchPublicAccessBlockConfiguration",
        ["ownershipControls"] = "OwnershipControlsNotFoundError",
        ["replication"] = "ReplicationConfigurationNotFoundError",
    };

    public static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public Task Answer(S3Call call, S3Bucket bucket, string operation) => operation switch
    {
        "ListObjectsV2" when !options.HasOldListingsOnly => List(call, bucket, isNew: true),
        "ListObjects" => List(call, bucket, isNew: false),
        "ListObjectVersions" => ListVersions(call, bucket),
        "ListMultipartUploads" => call.AnswerAsync(200, new XElement(
            "ListMultipartUploadsResult", new XElement("Bucket", bucket.Name), new XElement("IsTruncated", "false"),
            bucket.Uploads.Values.Select(static upload => new XElement("Upload", new XElement("Key", upload.Key), new XElement("UploadId", upload.Id))))),
        "DeleteObjects" => DeleteMany(call, bucket),
        "HeadBucket" => Head(call),
        "GetBucketLocation" => call.AnswerAsync(200, new XElement("LocationConstraint", bucket.Location ?? (options.Region is "us-east-1" ? "" : options.Region))),
        "GetBucketAcl" => S3AccessLists.Get(call, bucket),
        "PutBucketAcl" => S3AccessLists.Put(call, bucket),
        "PutBucketOwnershipControls" when S3AccessLists.Forbids(call, bucket) => throw new S3RefusalException(400, "InvalidBucketAclWithObjectOwnership"),
        "PutBucketLifecycleConfiguration" when HasBothStyles(call.Xml()) => throw new S3RefusalException(400, "InvalidRequest"),
        "GetBucketVersioning" => call.AnswerAsync(200, new XElement("VersioningConfiguration", bucket.Versioning is null ? null : new XElement("Status", bucket.Versioning))),
        "PutBucketVersioning" => SetVersioning(call, bucket),
        "GetObjectLockConfiguration" => bucket.HasLock
            ? call.AnswerAsync(200, bucket.Settings.GetValueOrDefault("object-lock") ?? new XElement("ObjectLockConfiguration", new XElement("ObjectLockEnabled", "Enabled")))
            : options.ListsInsteadOfLocks ? List(call, bucket, isNew: false) : throw new S3RefusalException(404, "ObjectLockConfigurationNotFoundError"),
        "GetBucketPolicyStatus" => bucket.Policy is null && !bucket.IsPublic
            ? throw new S3RefusalException(404, "NoSuchBucketPolicy")
            : call.AnswerAsync(200, new XElement("PolicyStatus", new XElement("IsPublic", bucket.IsPublic ? "true" : "false"))),
        "GetBucketPolicy" => call.AnswerAsync(200, Encoding.UTF8.GetBytes(bucket.Policy ?? throw new S3RefusalException(404, "NoSuchBucketPolicy")), "application/json"),
        "PutBucketPolicy" => SetPolicy(call, bucket),
        "DeleteBucketPolicy" => DropPolicy(call, bucket),
        _ => Setting(call, bucket),
    };

    private static Task Setting(S3Call call, S3Bucket bucket)
    {
        var name = call.Query.Keys.FirstOrDefault(key => MissingSettings.ContainsKey(key) || key is "object-lock") ?? throw new S3RefusalException(501, "NotImplemented");
        switch (call.Method)
        {
            case "PUT":
                bucket.HasLock |= name is "object-lock";
                bucket.Settings[name] = call.Xml();
                return call.AnswerAsync(200);
            case "DELETE":
                bucket.Settings.Remove(name);
                return call.AnswerAsync(204);
            default:
                return call.AnswerAsync(200, bucket.Settings.GetValueOrDefault(name) ?? throw new S3RefusalException(404, MissingSettings[name]));
        }
    }

    /// <summary>"Base level prefix cannot be used in Lifecycle V2, prefixes are only supported in the Filter."</summary>
    private static bool HasBothStyles(XElement rules) =>
        rules.Descendants().Any(static element => element is { Name.LocalName: "Prefix", Parent.Name.LocalName: "Rule" }) && rules.Descendants().Any(static element => element.Name.LocalName is "Filter");

    private static Task SetVersioning(S3Call call, S3Bucket bucket)
    {
        var status = call.Xml().Elements().First(static child => child.Name.LocalName is "Status").Value;
        bucket.Versioning = bucket.HasLock && status is not "Enabled" ? throw new S3RefusalException(409, "InvalidBucketState") : status;
        return call.AnswerAsync(200);
    }

    private static Task DropPolicy(S3Call call, S3Bucket bucket)
    {
        bucket.Policy = null;
        return call.AnswerAsync(204);
    }

    private Task SetPolicy(S3Call call, S3Bucket bucket)
    {
        var policy = Encoding.UTF8.GetString(call.Body);
        bucket.Policy = options.TakesAnyPolicy || IsPolicy(policy) ? policy : throw new S3RefusalException(400, "MalformedPolicy");
        return call.AnswerAsync(204);
    }

    private static bool IsPolicy(string text)
    {
        try
        {
            return JsonNode.Parse(text)?["Statement"] is not null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private Task Head(S3Call call)
    {
        call.Set("x-amz-bucket-region", options.Region);
        return call.AnswerAsync(200);
    }

    private Task List(S3Call call, S3Bucket bucket, bool isNew)
    {
        var prefix = call.Query.GetValueOrDefault("prefix") ?? "";
        var delimiter = call.Query.GetValueOrDefault("delimiter");
        var after = isNew ? call.Query.GetValueOrDefault("continuation-token") ?? call.Query.GetValueOrDefault("start-after") ?? "" : call.Query.GetValueOrDefault("marker") ?? "";
        var max = Math.Min(call.Number("max-keys", 1000), 1000);
        var isEncoded = call.Query.GetValueOrDefault("encoding-type") is "url";
        var items = bucket.Objects.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal) && bucket.Newest(key) is not null)
            .Select(key => delimiter is { Length: > 0 } && key.IndexOf(delimiter, prefix.Length, StringComparison.Ordinal) is >= 0 and var at ? (key[..(at + delimiter.Length)], (S3Stored?)null) : (key, bucket.Newest(key)))
            .DistinctBy(static item => item.Item1).Where(item => string.CompareOrdinal(item.Item1, after) > 0).Take(max + 1).ToList();
        var page = items.Take(max).ToList();
        var isTruncated = items.Count > max;
        string Name(string name) => isEncoded ? Uri.EscapeDataString(name).Replace("%2F", "/", StringComparison.Ordinal) : name;
        var root = new XElement(
            "ListBucketResult", new XElement("Name", bucket.Name), new XElement("Prefix", Name(prefix)), new XElement("MaxKeys", max), new XElement("IsTruncated", isTruncated ? "true" : "false"),
            isEncoded ? new XElement("EncodingType", "url") : null,
            isTruncated ? new XElement(isNew ? "NextContinuationToken" : "NextMarker", isNew ? page[^1].Item1 : Name(page[^1].Item1)) : null,
            page.Where(static item => item.Item2 is not null).Select(item => Describe("Contents", item.Item2!, Name)),
            page.Where(static item => item.Item2 is null).Select(item => new XElement("CommonPrefixes", new XElement("Prefix", Name(item.Item1)))));
        return call.AnswerAsync(200, root);
    }

    private static XElement Describe(string element, S3Stored stored, Func<string, string> name) => new(
        element, new XElement("Key", name(stored.Key)), new XElement("LastModified", Text(stored.Time)), new XElement("ETag", $"\"{stored.ETag}\""), new XElement("Size", stored.Bytes.Length),
        new XElement("StorageClass", stored.StorageClass));

    private static Task ListVersions(S3Call call, S3Bucket bucket)
    {
        var prefix = call.Query.GetValueOrDefault("prefix") ?? "";
        var max = Math.Min(call.Number("max-keys", 1000), 1000);
        var all = bucket.Objects.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).SelectMany(static pair => pair.Value.AsEnumerable().Reverse().Select((stored, index) => (stored, IsLatest: index == 0))).ToList();
        if (call.Query.GetValueOrDefault("key-marker") is { } marker)
        {
            var version = call.Query.GetValueOrDefault("version-id-marker");
            all = version is null
                ? [.. all.Where(item => string.CompareOrdinal(item.stored.Key, marker) > 0)]
                : [.. all.SkipWhile(item => !(item.stored.Key == marker && item.stored.VersionId == version)).Skip(1)];
        }

        var page = all.Take(max).ToList();
        var isTruncated = all.Count > max;
        var root = new XElement(
            "ListVersionsResult", new XElement("Name", bucket.Name), new XElement("Prefix", prefix), new XElement("MaxKeys", max), new XElement("IsTruncated", isTruncated ? "true" : "false"),
            isTruncated ? new object[] { new XElement("NextKeyMarker", page[^1].stored.Key), new XElement("NextVersionIdMarker", page[^1].stored.VersionId) } : null,
            page.Select(static item =>
            {
                var element = Describe(item.stored.IsMarker ? "DeleteMarker" : "Version", item.stored, static name => name);
                element.Add(new XElement("VersionId", item.stored.VersionId), new XElement("IsLatest", item.IsLatest ? "true" : "false"));
                return element;
            }));
        return call.AnswerAsync(200, root);
    }

    private Task DeleteMany(S3Call call, S3Bucket bucket)
    {
        var objects = new S3ObjectMethods(options, static () => 0);
        var result = new XElement("DeleteResult");
        var isQuiet = call.Xml().Elements().Any(static child => child is { Name.LocalName: "Quiet", Value: "true" });
        foreach (var asked in call.Xml().Elements().Where(static child => child.Name.LocalName is "Object"))
        {
            var key = asked.Elements().First(static child => child.Name.LocalName is "Key").Value;
            var version = asked.Elements().FirstOrDefault(static child => child.Name.LocalName is "VersionId")?.Value;
            try
            {
                objects.Remove(call, bucket, key, version);
                if (!isQuiet)
                {
                    result.Add(new XElement("Deleted", new XElement("Key", key), version is null ? null : new XElement("VersionId", version), version is null && bucket.Versioning is "Enabled" ? new XElement("DeleteMarker", "true") : null));
                }
            }
            catch (S3RefusalException refusal)
            {
                result.Add(new XElement("Error", new XElement("Key", key), version is null ? null : new XElement("VersionId", version), new XElement("Code", refusal.Code), new XElement("Message", refusal.Code)));
            }
        }

        return call.AnswerAsync(200, result);
    }
}
