using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.Google;

/// <summary>From the names of a vault's objects to those of the bucket's, and to the addresses of both. A name goes into an address whole: its slashes are encoded.</summary>
internal sealed class GcsNaming(GcsSettings settings)
{
    public string Bucket { get; } = $"storage/v1/b/{Uri.EscapeDataString(settings.Bucket)}";

    public string Uploads { get; } = $"upload/storage/v1/b/{Uri.EscapeDataString(settings.Bucket)}/o";

    public string KeyOf(ObjectName name) => settings.Prefix + name.Value;

    /// <summary>Null for what is not one of a vault's objects.</summary>
    public ObjectName? NameOf(string? key) =>
        key is not null && key.StartsWith(settings.Prefix, StringComparison.Ordinal) && ObjectName.IsValid(key.AsSpan(settings.Prefix.Length))
            ? new ObjectName(key[settings.Prefix.Length..])
            : null;

    public string Object(ObjectName name, string query) => $"{Bucket}/o/{Uri.EscapeDataString(KeyOf(name))}?{query}";
}
