using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace SecureBackup.Tests.Servers.Doubles.Google;

internal sealed partial class GcsBucketMethods(GcsState state)
{
    private static readonly TimeSpan UniformLock = TimeSpan.FromDays(90);

    /// <summary>What a patch cannot change.</summary>
    private static readonly string[] Fixed = ["name", "location", "projectNumber", "objectRetention", "timeCreated", "id"];

    public GcsReply Get(GcsCall call)
    {
        var bucket = state.Admit(call);
        GcsPreconditions.ThrowIfUnmet(call, bucket);
        return GcsReply.Of(bucket.Resource.DeepClone());
    }

    public GcsReply List(GcsCall call)
    {
        state.Rights.ThrowIfDenied(call, null);
        var found = state.Buckets.Values
            .Where(bucket => bucket.Name.StartsWith(call.Query("prefix") ?? "", StringComparison.Ordinal))
            .OrderBy(bucket => bucket.Name, StringComparer.Ordinal)
            .Select(bucket => bucket.Resource.DeepClone());
        return GcsReply.Of(new JsonObject { ["kind"] = "storage#buckets", ["items"] = new JsonArray([.. found]) });
    }

    public GcsReply Insert(GcsCall call)
    {
        state.Rights.ThrowIfDenied(call, null);
        var wanted = call.Body ?? [];
        var name = (string?)wanted["name"] ?? throw new GcsFault(400, "required", "Required");
        if (!NamePattern().IsMatch(name))
        {
            throw GcsFault.Invalid($"Invalid bucket name: '{name}'");
        }

        if (state.Buckets.ContainsKey(name))
        {
            throw new GcsFault(409, "conflict", "Your previous request to create the named bucket succeeded and you already own it.");
        }

        var resource = Default(name);
        GcsJson.Merge(resource, wanted);
        resource["location"] = ((string)resource["location"]!).ToUpperInvariant();
        if (call.Flag("enableObjectRetention"))
        {
            resource["objectRetention"] = new JsonObject { ["mode"] = "Enabled" };
        }

        Settle([], resource);
        var bucket = new GcsBucket(name, resource);
        state.Buckets.Add(name, bucket);
        return GcsReply.Of(bucket.Resource.DeepClone());
    }

    public GcsReply Patch(GcsCall call)
    {
        var bucket = state.Admit(call);
        GcsPreconditions.ThrowIfUnmet(call, bucket);
        var after = bucket.Resource.DeepClone().AsObject();
        GcsJson.Merge(after, call.Body ?? []);
        if (Fixed.FirstOrDefault(key => !JsonNode.DeepEquals(after[key], bucket.Resource[key])) is { } key)
        {
            throw GcsFault.Invalid($"The {key} of a bucket cannot be changed.");
        }

        Settle(bucket.Resource, after);
        after["metageneration"] = GcsObject.Number(bucket.Metageneration + 1);
        after["updated"] = GcsObject.Time(state.Now);
        bucket.Resource = after;
        return GcsReply.Of(after.DeepClone());
    }

    public GcsReply Delete(GcsCall call)
    {
        var bucket = state.Admit(call);
        GcsPreconditions.ThrowIfUnmet(call, bucket);
        if (bucket.Objects.Count > 0)
        {
            throw new GcsFault(409, "conflict", "The bucket you tried to delete is not empty.");
        }

        state.Buckets.Remove(bucket.Name);
        return new GcsReply(204);
    }

    public GcsReply LockRetention(GcsCall call)
    {
        var bucket = state.Admit(call);
        GcsPreconditions.ThrowIfUnmet(call, bucket);
        if (bucket.RetentionPeriod is null)
        {
            throw GcsFault.Invalid("The bucket has no retention policy to lock.");
        }

        var after = bucket.Resource.DeepClone().AsObject();
        after["retentionPolicy"]!["isLocked"] = true;
        after["metageneration"] = GcsObject.Number(bucket.Metageneration + 1);
        bucket.Resource = after;
        return GcsReply.Of(after.DeepClone());
    }

    public GcsReply GetPolicy(GcsCall call) => GcsReply.Of(state.Admit(call).Policy.DeepClone());

    public GcsReply SetPolicy(GcsCall call)
    {
        var bucket = state.Admit(call);
        var policy = call.Body ?? [];
        var members = (policy["bindings"] as JsonArray ?? []).SelectMany(binding => binding!["members"] as JsonArray ?? []);
        if (bucket.PreventsPublic && members.Any(member => (string?)member is "allUsers" or "allAuthenticatedUsers"))
        {
            throw new GcsFault(412, "conditionNotMet", "The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.");
        }

        bucket.Policy = policy.DeepClone().AsObject();
        return GcsReply.Of(policy.DeepClone());
    }

    public GcsReply TestPermissions(GcsCall call)
    {
        var bucket = state.Admit(call);
        var asked = call.Queries("permissions");
        if (asked.FirstOrDefault(permission => !permission.StartsWith("storage.", StringComparison.Ordinal)) is { } unknown)
        {
            throw GcsFault.Invalid($"Permission '{unknown}' is not a storage permission.");
        }

        var held = asked.Where(permission => state.Rights.Has(call.Caller, bucket, permission)).Select(permission => (JsonNode)permission).ToArray();
        var answer = new JsonObject { ["kind"] = "storage#testIamPermissionsResponse" };
        if (held.Length > 0)
        {
            answer["permissions"] = new JsonArray(held);
        }

        return GcsReply.Of(answer);
    }

    private JsonObject Default(string name) => new()
    {
        ["kind"] = "storage#bucket",
        ["id"] = name,
        ["name"] = name,
        ["selfLink"] = $"{state.Address}storage/v1/b/{name}",
        ["projectNumber"] = "1234",
        ["metageneration"] = "1",
        ["location"] = "US",
        ["storageClass"] = "STANDARD",
        ["etag"] = "CAE=",
        ["timeCreated"] = GcsObject.Time(state.Now),
        ["updated"] = GcsObject.Time(state.Now),
        ["softDeletePolicy"] = new JsonObject { ["retentionDurationSeconds"] = "604800", ["effectiveTime"] = GcsObject.Time(state.Now) },
        ["iamConfiguration"] = new JsonObject
        {
            ["uniformBucketLevelAccess"] = new JsonObject { ["enabled"] = false },
            ["publicAccessPrevention"] = "inherited",
        },
    };

    /// <summary>What the server itself says of a bucket, and what it refuses to make of it.</summary>
    private void Settle(JsonObject before, JsonObject after)
    {
        var access = after["iamConfiguration"]!.AsObject();
        var uniform = access["uniformBucketLevelAccess"]!.AsObject();
        var isUniform = (bool?)uniform["enabled"] ?? false;
        var locked = (string?)before["iamConfiguration"]?["uniformBucketLevelAccess"]?["lockedTime"];
        if (!isUniform && locked is not null && DateTimeOffset.Parse(locked, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind) < state.Now)
        {
            throw GcsFault.Invalid("Uniform bucket-level access is locked and cannot be turned off.");
        }

        if (!isUniform)
        {
            uniform.Remove("lockedTime");
        }
        else
        {
            uniform["lockedTime"] = locked ?? GcsObject.Time(state.Now + UniformLock);
        }

        access["bucketPolicyOnly"] = uniform.DeepClone();
        if ((string?)access["publicAccessPrevention"] is not ("inherited" or "enforced"))
        {
            throw GcsFault.Invalid("publicAccessPrevention must be 'inherited' or 'enforced'.");
        }

        SettleRetention(before["retentionPolicy"] as JsonObject, after["retentionPolicy"] as JsonObject);
        foreach (var rule in after["lifecycle"]?["rule"] as JsonArray ?? [])
        {
            var type = (string?)rule!["action"]?["type"];
            if (type is not ("Delete" or "SetStorageClass" or "AbortIncompleteMultipartUpload") || (type is "SetStorageClass") != (rule["action"]?["storageClass"] is not null) || rule["condition"] is not JsonObject { Count: > 0 })
            {
                throw GcsFault.Invalid("A lifecycle rule needs an action and a condition.");
            }
        }
    }

    private void SettleRetention(JsonObject? before, JsonObject? after)
    {
        var seconds = Period(after);
        if (after is not null && seconds is not (> 0 and < 3_155_760_000))
        {
            throw GcsFault.Invalid("The retention period must be greater than zero and less than 100 years.");
        }

        if ((bool?)before?["isLocked"] == true && (after is null || seconds < Period(before)))
        {
            throw new GcsFault(403, "forbidden", "Cannot reduce retention duration of a locked retention policy.");
        }

        if (after is not null)
        {
            after["isLocked"] = (bool?)before?["isLocked"] ?? false;
            after["effectiveTime"] = before?["effectiveTime"]?.DeepClone() ?? GcsObject.Time(state.Now);
        }
    }

    private static long? Period(JsonObject? policy) =>
        (string?)policy?["retentionPeriod"] is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$", RegexOptions.None, 1000)]
    private static partial Regex NamePattern();
}
