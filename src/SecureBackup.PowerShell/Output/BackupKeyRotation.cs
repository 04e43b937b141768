namespace SecureBackup.PowerShell.Output;

/// <summary>A key epoch that was begun.</summary>
public sealed class BackupKeyRotation
{
    private BackupKeyRotation(int epoch, int members, string? pendingChange, string vault)
    {
        Epoch = epoch;
        Members = members;
        PendingChange = pendingChange;
        Vault = vault;
    }

    /// <summary>The epoch whose keys seal everything that is stored from now on.</summary>
    public int Epoch { get; }

    /// <summary>How many members were given its keys.</summary>
    public int Members { get; }

    /// <summary>The change that further owners must sign before the epoch begins; null where it has begun.</summary>
    public string? PendingChange { get; }

    public string Vault { get; }

    internal static BackupKeyRotation From(uint epoch, int members, string? pendingChange, string vault) => new((int)epoch, members, pendingChange, vault);
}
