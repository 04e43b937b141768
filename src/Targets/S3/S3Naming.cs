using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.S3;

/// <summary>Between names of objects and keys of a bucket.</summary>
internal sealed class S3Naming(string prefix)
{
    public string KeyOf(ObjectName name) => prefix + name.Value;

    /// <summary>Null for what is none of ours.</summary>
    public ObjectName? NameOf(string key) => key.StartsWith(prefix, StringComparison.Ordinal) && ObjectName.IsValid(key.AsSpan(prefix.Length)) ? new ObjectName(key[prefix.Length..]) : null;

    /// <summary>Receipts, stats and listings write it with quotation marks or without.</summary>
    public static string? TagOf(string? tag) => tag is { Length: > 0 } ? tag.Trim('"') : null;

    /// <summary>Stores leave the class of most objects out.</summary>
    public static string ClassOf(string? storageClass) => storageClass is { Length: > 0 } ? storageClass : "STANDARD";
}
