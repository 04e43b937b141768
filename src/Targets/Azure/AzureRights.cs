using System.Text.Json.Nodes;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Azure;

/// <summary>Rights of a credential with which a host could weaken what it was made to fill.</summary>
internal static class AzureRights
{
    private const string Account = "Microsoft.Storage/storageAccounts/";
    private const string Blobs = Account + "blobServices/containers/blobs/";

    private static readonly (string Letter, string Right)[] OfSignature =
    [
        ("d", "delete (d)"), ("x", "delete versions (x)"), ("y", "delete for ever (y)"), ("i", "lift locks (i)"),
    ];

    private static readonly string[] Actions =
    [
        Account + "write", Account + "delete", Account + "listKeys/action", Account + "managementPolicies/write", Account + "blobServices/write", Account + "blobServices/containers/delete",
        Account + "blobServices/containers/immutabilityPolicies/delete", "Microsoft.Authorization/roleAssignments/write",
    ];

    private static readonly string[] DataActions =
        [Blobs + "delete", Blobs + "deleteBlobVersion/action", Blobs + "permanentDelete/action", Blobs + "immutableStorage/runAsSuperUser/action"];

    /// <exception cref="TargetException"><c>Unsupported</c>: there is nobody who could be asked.</exception>
    public static async Task<IReadOnlyList<string>> FindTooWideAsync(AzureCredentials credentials, ArmClient? arm, CancellationToken cancellationToken)
    {
        if (credentials.Key is not null)
        {
            return ["an account key, which may do everything but change the account"];
        }

        if (credentials.Sas is { } sas)
        {
            var given = sas.Signature.TrimStart('?').Split('&').FirstOrDefault(static pair => pair.StartsWith("sp=", StringComparison.Ordinal))?[3..] ?? "";
            return [.. OfSignature.Where(right => given.Contains(right.Letter, StringComparison.Ordinal)).Select(static right => right.Right)];
        }

        var roles = arm is null
            ? throw new TargetException(TargetFault.Unsupported, "What an identity may do is asked of the resource manager, by the settings subscription and resourcegroup.")
            : await arm.GetPermissionsAsync(cancellationToken);
        return [.. Actions.Where(right => roles.Any(role => Allows(role, "actions", "notActions", right))), .. DataActions.Where(right => roles.Any(role => Allows(role, "dataActions", "notDataActions", right)))];
    }

    /// <summary>What one role leaves out, another may give.</summary>
    private static bool Allows(JsonObject role, string given, string except, string right) => Names(role, given).Any(pattern => Fits(pattern, right)) && !Names(role, except).Any(pattern => Fits(pattern, right));

    private static IEnumerable<string> Names(JsonObject role, string list) => (role[list] as JsonArray ?? []).Select(static name => name?.ToString() ?? "");

    /// <summary>A star stands for anything, slashes too.</summary>
    private static bool Fits(string pattern, string right)
    {
        var parts = pattern.Split('*');
        if (!right.StartsWith(parts[0], StringComparison.OrdinalIgnoreCase) || (parts.Length == 1 && right.Length != pattern.Length))
        {
            return false;
        }

        var at = parts[0].Length;
        foreach (var part in parts.Skip(1))
        {
            var found = part.Length == 0 ? at : right.IndexOf(part, at, StringComparison.OrdinalIgnoreCase);
            if (found < 0)
            {
                return false;
            }

            at = found + part.Length;
        }

        return parts[^1].Length == 0 || right.EndsWith(parts[^1], StringComparison.OrdinalIgnoreCase);
    }
}
