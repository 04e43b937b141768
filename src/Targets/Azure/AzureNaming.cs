using Azure;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Targets.Azure;

/// <summary>Between names of objects and those of blobs.</summary>
internal sealed class AzureNaming(string prefix)
{
    /// <summary>The folder whose objects may be of another tier.</summary>
    private const string Packs = "packs/";

    public string KeyOf(ObjectName name) => prefix + name.Value;

    public string KeyOf(string below) => prefix + below;

    /// <summary>Null for what is none of ours.</summary>
    public ObjectName? NameOf(string key) => key.StartsWith(prefix, StringComparison.Ordinal) && ObjectName.IsValid(key.AsSpan(prefix.Length)) ? new ObjectName(key[prefix.Length..]) : null;

    public static bool IsPack(ObjectName name) => name.Value.StartsWith(Packs, StringComparison.Ordinal);

    /// <summary>Answers write it with quotation marks, listings without.</summary>
    public static string TagOf(ETag tag) => tag.ToString().Trim('"');
}
