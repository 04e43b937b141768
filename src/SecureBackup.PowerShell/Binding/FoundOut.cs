using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.PowerShell.Binding;

/// <summary>Options that say what was found out by trying, and of what: another server, or another credential, may be otherwise.</summary>
internal static class FoundOut
{
    private const string ByCredential = "writeonce";

    private static readonly string[] ByServer = ["conditionalput", "serverchecksum", "versioning", "uniformaccess", "objectretention", ByCredential];

    private static readonly string[] OfServer = ["endpoint", "region", "private", "cloud"];

    /// <summary>Whether what was found out about one holds for the other.</summary>
    public static bool IsSame(TargetSettings one, TargetSettings other) => one.Address.Equals(other.Address) && one.Credential == other.Credential && IsSameServer(one, other.Option);

    /// <summary>Takes away what is not known any more.</summary>
    /// <param name="given">What is set anew.</param>
    public static void Forget(Dictionary<string, string> options, TargetSettings settings, IReadOnlyCollection<KeyValuePair<string, string>> given, bool isCredentialGiven)
    {
        var isOther = given.Any(option => OfServer.Contains(option.Key, StringComparer.Ordinal) && !string.Equals(option.Value, settings.Option(option.Key), StringComparison.OrdinalIgnoreCase));
        foreach (var key in isOther ? ByServer : isCredentialGiven ? [ByCredential] : [])
        {
            options.Remove(key);
        }
    }

    private static bool IsSameServer(TargetSettings settings, Func<string, string?> other) =>
        Array.TrueForAll(OfServer, option => string.Equals(settings.Option(option), other(option), StringComparison.OrdinalIgnoreCase));
}
