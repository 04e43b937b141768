using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>From a path to a vault, and from a key to an open vault.</summary>
internal static class VaultOpening
{
    public static Target OpenTarget(string path) => new RetryTarget(LocalTarget.Open(path));

    public static Target CreateTarget(string path) => new RetryTarget(LocalTarget.Create(path));

    public static UnlockContext Context(IEngineSink sink) => new(HostState.Default, sink, TimeProvider.System);

    public static async Task<UnlockedVault> UnlockAsync(LockedVault locked, KeyChoice key, IEngineSink sink, CancellationToken cancellationToken)
    {
        using var credential = key.Open(sink);
        return await locked.UnlockAsync(credential, Context(sink), cancellationToken);
    }
}
