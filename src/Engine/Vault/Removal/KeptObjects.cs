using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>What nothing needs and the store does not give up is no hindrance: it is told, and whoever comes by later tries again.</summary>
internal static class KeptObjects
{
    /// <returns>Those of the names that stay.</returns>
    internal static async Task<IReadOnlySet<ObjectName>> DeleteAsync(UnlockedVault vault, IReadOnlyCollection<ObjectName> names, CancellationToken cancellationToken)
    {
        if (await vault.Store.TryDeleteManyAsync(names, cancellationToken) is not { } refusal)
        {
            return new HashSet<ObjectName>();
        }

        vault.Sink.Report(new BackupEvent(
            EventSeverity.Warning, $"{refusal.Kept.Count:N0} object(s) that nothing needs could not be deleted; a later removal or collection tries again. The first: {refusal.Message}", refusal.Code));
        return refusal.Kept.ToHashSet();
    }
}
