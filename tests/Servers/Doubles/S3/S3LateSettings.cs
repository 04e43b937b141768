using System.Collections.Concurrent;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Settings of buckets that are seen only some time after they were put.</summary>
internal sealed class S3LateSettings(S3DoubleOptions options)
{
    private readonly ConcurrentDictionary<string, (S3Bucket Coming, DateTimeOffset Seen)> _coming = new(StringComparer.Ordinal);

    /// <summary>The bucket itself, or for who sets something what it is going to be.</summary>
    public S3Bucket For(S3Bucket bucket, string method)
    {
        if (options.SettingsShowAfter == TimeSpan.Zero)
        {
            return bucket;
        }

        var now = options.Time.GetUtcNow();
        if (_coming.TryGetValue(bucket.Name, out var waiting) && now >= waiting.Seen)
        {
            bucket.TakeSettings(waiting.Coming);
            _coming.TryRemove(bucket.Name, out _);
        }

        if (method is not "PUT")
        {
            return bucket;
        }

        var coming = _coming.TryGetValue(bucket.Name, out waiting) ? waiting.Coming : new S3Bucket(bucket.Name, bucket.HasLock);
        if (waiting.Coming is null)
        {
            coming.TakeSettings(bucket);
        }

        _coming[bucket.Name] = (coming, now + options.SettingsShowAfter);
        return coming;
    }
}
