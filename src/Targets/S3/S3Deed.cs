using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.S3;

/// <summary>What is being tried, in the words and terms that a refusal needs.</summary>
/// <param name="What">With the name: "'packs/…' cannot be put".</param>
/// <param name="Right">The right that it takes.</param>
internal sealed record S3Deed(string What, string May, string Right)
{
    /// <summary>A refused precondition means that the name is taken.</summary>
    public bool IsIfAbsent { get; init; }

    public bool HasLock { get; init; }

    /// <summary>Nothing was sent that a bad request could be about.</summary>
    public bool IsRead { get; init; }

    /// <summary>A 404 without a code is about an object.</summary>
    public ObjectName? Name { get; init; }

    public static S3Deed Put(ObjectName name, bool isIfAbsent, bool hasLock) =>
        new($"'{name}' cannot be put", "store objects", "s3:PutObject") { Name = name, IsIfAbsent = isIfAbsent, HasLock = hasLock };

    public static S3Deed Read(ObjectName name) => new($"'{name}' cannot be read", "read objects", "s3:GetObject") { Name = name, IsRead = true };

    public static S3Deed Stat(ObjectName name) => new($"'{name}' cannot be looked up", "look objects up", "s3:GetObject, and s3:ListBucket for those that are not there") { Name = name, IsRead = true };

    public static S3Deed Delete(string what) => new($"{what} cannot be deleted", "delete objects", "s3:DeleteObject, and s3:DeleteObjectVersion where there are versions");

    public static S3Deed List(string prefix) => new($"'{prefix}' cannot be listed", "list objects", "s3:ListBucket");

    public static S3Deed ListVersions(string prefix) => new($"'{prefix}' cannot be listed", "list versions", "s3:ListBucketVersions");

    public static S3Deed Place(string what, string right) => new(what, "ask for the bucket's settings", right);
}
