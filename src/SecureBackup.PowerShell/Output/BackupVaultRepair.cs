namespace SecureBackup.PowerShell.Output;

/// <summary>What was cleared out of a vault's register.</summary>
public sealed class BackupVaultRepair
{
    private BackupVaultRepair(IReadOnlyList<string> removed, string? pendingChange, string vault)
    {
        Removed = removed;
        PendingChange = pendingChange;
        Vault = vault;
    }

    /// <summary>Names of the objects that no owner had signed; empty where nothing was wrong.</summary>
    public IReadOnlyList<string> Removed { get; }

    /// <summary>The note about it that further owners must sign; null where it stands or none was needed.</summary>
    public string? PendingChange { get; }

    public string Vault { get; }

    internal static BackupVaultRepair From(IEnumerable<string> removed, string? pendingChange, string vault) => new([.. removed], pendingChange, vault);
}
