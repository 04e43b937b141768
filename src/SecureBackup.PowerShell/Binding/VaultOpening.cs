using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>From a place to a vault, and from a key to an open vault.</summary>
internal static class VaultOpening
{
    /// <summary>What an interrupted creation leaves, and what systems keep at the top of a disk.</summary>
    private static readonly string[] NoStrangers =
        ["keys", "bundles", "lost+found", "System Volume Information", "$RECYCLE.BIN", ".Trashes", ".Spotlight-V100", ".fseventsd"];

    /// <summary>Makes the folder of a new vault. Files of others in it are refused: a vault is a folder of its own.</summary>
    public static Target CreateTarget(TargetAccess access)
    {
        var place = access.Place;
        if (!VaultPlace.IsRemote(place) && Directory.Exists(place) && !Directory.Exists(Path.Combine(place, "register")) && FindStranger(place) is { } stranger)
        {
            throw new RequestException(FaultCodes.TargetNotEmpty, $"There is '{stranger}' at {place}.");
        }

        return access.Create();
    }

    public static UnlockContext Context(IEngineSink sink) => new(HostState.Default, sink, TimeProvider.System);

    public static Task<UnlockedVault> UnlockAsync(LockedVault locked, KeyChoice key, IEngineSink sink, CancellationToken cancellationToken) =>
        UnlockAsync(locked, key, Context(sink), cancellationToken);

    public static async Task<UnlockedVault> UnlockAsync(LockedVault locked, KeyChoice key, UnlockContext context, CancellationToken cancellationToken)
    {
        using var credential = key.Open(context.Sink);
        return await locked.UnlockAsync(credential, context, cancellationToken);
    }

    private static string? FindStranger(string path) =>
        Directory.EnumerateFileSystemEntries(path).Select(entry => Path.GetFileName(entry))
            .FirstOrDefault(name => !NoStrangers.Contains(name, StringComparer.OrdinalIgnoreCase));
}
