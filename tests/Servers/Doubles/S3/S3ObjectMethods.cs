using System.Globalization;
using System.Security.Cryptography;
using System.Xml.Linq;
using Microsoft.AspNetCore.Http;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>Objects and their versions.</summary>
internal sealed class S3ObjectMethods(S3DoubleOptions options, Func<long> used)
{
    private static readonly string[] ColdClasses = ["GLACIER", "DEEP_ARCHIVE"];

    public Task Answer(S3Call call, S3Bucket bucket, string operation) => operation switch
    {
        "PutObject" => Put(call, bucket),
        "GetObject" or "HeadObject" => Get(call, bucket),
        "DeleteObject" => Delete(call, bucket),
        "CopyObject" => Copy(call, bucket),
        "RestoreObject" => Restore(call, bucket),
        _ => throw new S3RefusalException(501, "NotImplemented"),
    };

    /// <summary>Under the conditions, the quota, the lock rules and the encryption that the headers ask for; the answer's headers are set.</summary>
    public S3Stored Store(S3Call call, S3Bucket bucket, string key, byte[] bytes, string etag, Func<string, string?> header)
    {
        if (call.Header("If-None-Match") is "*" && !options.IgnoresConditions && bucket.Newest(key) is not null)
        {
            throw new S3RefusalException(412, "PreconditionFailed");
        }

        if (used() + bytes.Length > options.MaxBytes)
        {
            throw new S3RefusalException(403, options.QuotaCode, message: options.QuotaMessage);
        }

        var mode = header("x-amz-object-lock-mode");
        if ((mode is not null || header("x-amz-object-lock-legal-hold") is not null) && !bucket.HasLock && !options.IgnoresLocks)
        {
            throw new S3RefusalException(400, "InvalidRequest");
        }

        var stored = new S3Stored(key, bucket.Versioning is "Enabled" ? Guid.NewGuid().ToString("n") : "null", bytes, options.Time.GetUtcNow())
        {
            ETag = etag,
            StorageClass = header("x-amz-storage-class") ?? "STANDARD",
            Encryption = options.IgnoresEncryption ? null : header("x-amz-server-side-encryption") ?? "AES256",
            KmsKey = header("x-amz-server-side-encryption-aws-kms-key-id"),
            LockMode = options.IgnoresLocks ? null : mode,
            RetainUntil = mode is null || options.IgnoresLocks ? null : DateTimeOffset.Parse(header("x-amz-object-lock-retain-until-date")!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal),
            IsHeld = !options.IgnoresLocks && header("x-amz-object-lock-legal-hold") is "ON",
        };
        Add(bucket, stored);
        call.Set("ETag", $"\"{etag}\"");
        call.Set("x-amz-version-id", bucket.Versioning is null ? null : stored.VersionId);
        call.Set("x-amz-server-side-encryption", stored.Encryption);
        call.Set("x-amz-server-side-encryption-aws-kms-key-id", stored.KmsKey);
        return stored;
    }

    /// <summary>Refuses where the lock is against it.</summary>
    public void Remove(S3Call call, S3Bucket bucket, string key, string? version)
    {
        if (version is null && bucket.Versioning is "Enabled")
        {
            Add(bucket, new S3Stored(key, Guid.NewGuid().ToString("n"), [], options.Time.GetUtcNow()) { IsMarker = true });
            return;
        }

        if (bucket.Objects.GetValueOrDefault(key) is not { } versions)
        {
            return;
        }

        var found = versions.Find(stored => stored.VersionId == (version ?? "null"));
        var isBypassed = call.Header("x-amz-bypass-governance-retention") is "true" && found is { LockMode: "GOVERNANCE", IsHeld: false };
        if (found?.IsLocked(options.Time.GetUtcNow()) == true && !isBypassed && !options.OnlyNotesLocks)
        {
            throw S3RefusalException.AccessDenied;
        }

        versions.RemoveAll(stored => ReferenceEquals(stored, found));
        if (versions.Count == 0)
        {
            bucket.Objects.Remove(key);
        }
    }

    private static void Add(S3Bucket bucket, S3Stored stored)
    {
        if (!bucket.Objects.TryGetValue(stored.Key, out var versions))
        {
            bucket.Objects[stored.Key] = versions = [];
        }

        versions.RemoveAll(old => old.VersionId == stored.VersionId);
        versions.Add(stored);
    }

    private Task Put(S3Call call, S3Bucket bucket)
    {
        Store(call, bucket, call.Key!, call.Body, Convert.ToHexStringLower(MD5.HashData(call.Body)), call.Header);
        return call.AnswerAsync(200);
    }

    private Task Copy(S3Call call, S3Bucket bucket)
    {
        var source = Uri.UnescapeDataString(call.Header("x-amz-copy-source")!).TrimStart('/').Split('/', 2);
        var from = bucket.Name == source[0] ? bucket.Newest(source[1]) : null;
        var bytes = (from ?? throw S3RefusalException.NoSuchKey).Bytes;
        var stored = Store(call, bucket, call.Key!, bytes, Convert.ToHexStringLower(MD5.HashData(bytes)), call.Header);
        return call.AnswerAsync(200, new XElement("CopyObjectResult", new XElement("ETag", $"\"{stored.ETag}\""), new XElement("LastModified", S3BucketMethods.Text(stored.Time))));
    }

    private Task Get(S3Call call, S3Bucket bucket)
    {
        var version = call.Query.GetValueOrDefault("versionId");
        var stored = bucket.Find(call.Key!, version) ?? throw (version is null ? S3RefusalException.NoSuchKey : new S3RefusalException(404, "NoSuchVersion"));
        var isHead = HttpMethods.IsHead(call.Method);
        if (!isHead && !IsReadable(stored))
        {
            throw new S3RefusalException(403, "InvalidObjectState", $"<StorageClass>{stored.StorageClass}</StorageClass>");
        }

        Describe(call, bucket, stored);
        if (call.Header("Range") is not { } range)
        {
            return call.AnswerAsync(200, stored.Bytes, "application/octet-stream");
        }

        var bounds = range["bytes=".Length..].Split('-');
        var from = long.Parse(bounds[0], CultureInfo.InvariantCulture);
        if (from >= stored.Bytes.Length)
        {
            throw new S3RefusalException(416, "InvalidRange");
        }

        var to = Math.Min(bounds[1].Length == 0 ? long.MaxValue : long.Parse(bounds[1], CultureInfo.InvariantCulture), stored.Bytes.Length - 1);
        call.Set("Content-Range", $"bytes {from}-{to}/{stored.Bytes.Length}");
        return call.AnswerAsync(206, stored.Bytes.AsMemory((int)from, (int)(to - from + 1)), "application/octet-stream");
    }

    private void Describe(S3Call call, S3Bucket bucket, S3Stored stored)
    {
        call.Set("ETag", $"\"{stored.ETag}\"");
        call.Set("Last-Modified", stored.Time.ToString("R"));
        call.Set("x-amz-version-id", bucket.Versioning is null ? null : stored.VersionId);
        call.Set("x-amz-server-side-encryption", stored.Encryption);
        call.Set("x-amz-storage-class", stored.StorageClass is "STANDARD" ? null : stored.StorageClass);
        if (stored.Restore is { } restore)
        {
            call.Set("x-amz-restore", options.Time.GetUtcNow() < restore.Ready ? "ongoing-request=\"true\"" : $"ongoing-request=\"false\", expiry-date=\"{restore.Until:R}\"");
        }
    }

    private bool IsReadable(S3Stored stored) => !ColdClasses.Contains(stored.StorageClass, StringComparer.Ordinal)
        || (stored.Restore is { } restore && options.Time.GetUtcNow() is var now && now >= restore.Ready && now < restore.Until);

    private Task Delete(S3Call call, S3Bucket bucket)
    {
        var version = call.Query.GetValueOrDefault("versionId");
        Remove(call, bucket, call.Key!, version);
        call.Set("x-amz-delete-marker", version is null && bucket.Versioning is "Enabled" ? "true" : null);
        return call.AnswerAsync(204);
    }

    private Task Restore(S3Call call, S3Bucket bucket)
    {
        var stored = bucket.Find(call.Key!, call.Query.GetValueOrDefault("versionId")) ?? throw S3RefusalException.NoSuchKey;
        if (!ColdClasses.Contains(stored.StorageClass, StringComparer.Ordinal))
        {
            throw new S3RefusalException(403, "InvalidObjectState");
        }

        var now = options.Time.GetUtcNow();
        if (stored.Restore is { } running && now < running.Until)
        {
            return now < running.Ready ? throw new S3RefusalException(409, "RestoreAlreadyInProgress") : call.AnswerAsync(200);
        }

        var days = int.Parse(call.Xml().Elements().Single(static element => element.Name.LocalName is "Days").Value, CultureInfo.InvariantCulture);
        stored.Restore = (now + options.RestoresWithin, now + options.RestoresWithin + TimeSpan.FromDays(days));
        return call.AnswerAsync(202);
    }
}
