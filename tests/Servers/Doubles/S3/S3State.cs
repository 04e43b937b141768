using System.Xml.Linq;

namespace SecureBackup.Tests.Servers.Doubles.S3;

/// <summary>One version of an object, or a delete marker.</summary>
public sealed record S3Stored(string Key, string VersionId, byte[] Bytes, DateTimeOffset Time)
{
    public bool IsMarker { get; init; }

    public string ETag { get; init; } = "";

    public string StorageClass { get; init; } = "STANDARD";

    public string? Encryption { get; init; }

    public string? KmsKey { get; init; }

    public string? Sha256 { get; init; }

    public string? LockMode { get; set; }

    public DateTimeOffset? RetainUntil { get; set; }

    public bool IsHeld { get; set; }

    /// <summary>When a copy that was asked for can be read, and until when.</summary>
    public (DateTimeOffset Ready, DateTimeOffset Until)? Restore { get; set; }

    public bool IsLocked(DateTimeOffset now) => IsHeld || (LockMode is not null && RetainUntil > now);
}

/// <summary>An upload in parts that is not finished.</summary>
public sealed record S3Upload(string Id, string Key, IReadOnlyDictionary<string, string> Headers)
{
    public SortedDictionary<int, (byte[] Bytes, string ETag)> Parts { get; } = [];
}

public sealed class S3Bucket(string name, bool hasLock)
{
    public string Name { get; } = name;

    public bool HasLock { get; set; } = hasLock;

    /// <summary>Null, Enabled or Suspended.</summary>
    public string? Versioning { get; set; } = hasLock ? "Enabled" : null;

    public bool IsPublic { get; set; }

    /// <summary>As it was named when the bucket was made.</summary>
    public string? Location { get; set; }

    /// <summary>Oldest version first.</summary>
    public SortedDictionary<string, List<S3Stored>> Objects { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, S3Upload> Uploads { get; } = new(StringComparer.Ordinal);

    /// <summary>Settings as they were put, by the name of their query parameter.</summary>
    public Dictionary<string, XElement> Settings { get; } = new(StringComparer.Ordinal);

    public string? Policy { get; set; }

    /// <summary>What the access list gives to others than the owner: a group's address or somebody's id, and what.</summary>
    public List<(string Grantee, string Permission)> Grants { get; } = [];

    /// <summary>Everything about the bucket but what is in it.</summary>
    public void TakeSettings(S3Bucket from)
    {
        (HasLock, Versioning, IsPublic, Policy) = (from.HasLock, from.Versioning, from.IsPublic, from.Policy);
        foreach (var (name, setting) in from.Settings)
        {
            Settings[name] = setting;
        }
    }

    public long Bytes => Objects.Values.Sum(static versions => versions.Sum(static stored => (long)stored.Bytes.Length)) + Uploads.Values.Sum(static upload => upload.Parts.Values.Sum(static part => (long)part.Bytes.Length));

    public S3Stored? Newest(string key) => Objects.TryGetValue(key, out var versions) && versions is [.., { IsMarker: false } newest] ? newest : null;

    public S3Stored? Find(string key, string? version) =>
        version is null ? Newest(key) : Objects.GetValueOrDefault(key)?.Find(stored => stored.VersionId == version && !stored.IsMarker);
}
