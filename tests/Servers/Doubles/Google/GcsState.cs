using System.Text;
using System.Text.Json.Nodes;

namespace SecureBackup.Tests.Servers.Doubles.Google;

/// <summary>All buckets, and the one way in which an object comes to be. Used under one lock.</summary>
internal sealed class GcsState(GcsDoubleOptions options)
{
    private static readonly TimeSpan BetweenMutations = TimeSpan.FromSeconds(1);

    private long _lastGeneration;

    public GcsDoubleOptions Options => options;

    public GcsRights Rights { get; } = new(options.AllowsAnonymous);

    public Dictionary<string, GcsBucket> Buckets { get; } = new(StringComparer.Ordinal);

    public Uri? Address { get; set; }

    public DateTimeOffset Now => options.Time.GetUtcNow();

    /// <summary>Microseconds, as the platform's are, and never the same twice.</summary>
    public long NextGeneration() =>
        _lastGeneration = Math.Max(_lastGeneration + 1, (Now - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);

    public GcsBucket Bucket(string name) => Buckets.GetValueOrDefault(name) ?? throw GcsFault.NoBucket();

    /// <summary>The bucket of a call that its caller may make there.</summary>
    public GcsBucket Admit(GcsCall call, string parameter = "bucket")
    {
        var bucket = Bucket(call[parameter]);
        Rights.ThrowIfDenied(call, bucket);
        if (bucket.IsUniform && (call.Query("predefinedAcl") ?? call.Query("destinationPredefinedAcl") ?? call.Body?["acl"]?.ToString()) is not null)
        {
            throw GcsFault.Invalid("Cannot insert legacy ACL for an object when uniform bucket-level access is enabled.");
        }

        return bucket;
    }

    public JsonObject Describe(GcsBucket bucket, GcsObject stored) => stored.ToJson(Address!, bucket.RetentionPeriod);

    public void ThrowIfTooFast(GcsBucket bucket, string name)
    {
        if (options.LimitsMutations && bucket.Changed.TryGetValue(name, out var last) && Now - last < BetweenMutations)
        {
            throw new GcsFault(
                429,
                "rateLimitExceeded",
                $"The object {bucket.Name}/{name} exceeded the rate limit for object mutation operations (create, update, and delete). Please reduce your request rate.");
        }

        bucket.Changed[name] = Now;
    }

    /// <summary>Whether a new generation may come under a name: asked before the bytes come, and again when they are there.</summary>
    public void ThrowIfRefused(GcsCall call, GcsBucket bucket, string name)
    {
        var live = bucket.Live(name);
        GcsPreconditions.ThrowIfUnmet(call, live, isRead: false);
        if (live is null)
        {
            return;
        }

        Rights.ThrowIfDenied(call.Caller, bucket, "storage.objects.delete");
        if (bucket.IsVersioned)
        {
            GcsRetention.ThrowIfHeld(bucket, live);
        }
        else
        {
            GcsRetention.ThrowIfKept(bucket, live, Now);
        }
    }

    public GcsObject Store(GcsCall call, GcsBucket bucket, string name, JsonObject body, byte[] bytes, int? components = null)
    {
        ThrowIfRefused(call, bucket, name);
        if (body["retention"] is not null)
        {
            Rights.ThrowIfDenied(call.Caller, bucket, "storage.objects.setRetention");
        }

        if (Buckets.Values.Sum(each => each.Bytes) + bytes.Length > options.MaxBytes)
        {
            throw new GcsFault(403, "quotaExceeded", "The storage quota of the project is used up.");
        }

        var stored = new GcsObject(bucket.Name, name, NextGeneration(), bytes, Now)
        {
            StorageClass = (string?)body["storageClass"] ?? (string)bucket.Resource["storageClass"]!,
            EventBasedHold = bucket.HoldsByDefault,
            Components = components,
        };
        stored.Describe(body);
        if (!options.IgnoresLocks)
        {
            GcsRetention.Apply(bucket, stored, body, overrides: false, Now, isNew: true);
        }

        ThrowIfTooFast(bucket, name);
        if (bucket.Live(name) is { } old)
        {
            if (bucket.IsVersioned)
            {
                old.Deleted = Now;
            }
            else
            {
                bucket.Remove(old);
            }
        }

        bucket.Add(stored);
        return stored;
    }

    public static string CheckName(string? name)
    {
        if (string.IsNullOrEmpty(name))
        {
            throw new GcsFault(400, "required", "Required");
        }

        return Encoding.UTF8.GetByteCount(name) <= 1024 && name is not ("." or "..") && !name.AsSpan().ContainsAny('\r', '\n') && !name.StartsWith(".well-known/acme-challenge/", StringComparison.Ordinal)
            ? name
            : throw GcsFault.Invalid($"Disallowed object name: {name}");
    }
}
