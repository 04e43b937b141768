using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>What a listing may be asked for: everything, or what lies below one component or several.</summary>
public static class ObjectPrefix
{
    /// <summary>Where checks of a target try it. Vaults leave it alone: who may not delete leaves what he tried with.</summary>
    public const string Probes = "probe/";

    public static void ThrowIfInvalid(string prefix)
    {
        if (prefix.Length > 0 && !(prefix[^1] == '/' && ObjectName.IsValid(prefix.AsSpan(0, prefix.Length - 1))))
        {
            throw new ArgumentException($"'{prefix}' is no prefix: it is neither empty nor an object name and a slash.", nameof(prefix));
        }
    }
}
