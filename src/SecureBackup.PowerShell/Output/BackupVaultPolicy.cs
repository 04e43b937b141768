using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>The rules that a vault's owners set.</summary>
public sealed class BackupVaultPolicy
{
    private BackupVaultPolicy(VaultPolicy policy, string? pendingChange, string vault)
    {
        OwnersNeeded = policy.OwnersNeeded;
        DeduplicationTrust = policy.DeduplicationTrust == TrustedPacks.AllMembers ? BackupTrust.Vault : BackupTrust.Attested;
        GraceTime = policy.GraceTime;
        SessionLapse = policy.SessionLapse;
        ErasureHorizon = policy.ErasureHorizon;
        RetentionFloor = policy.RetentionFloor;
        PendingChange = pendingChange;
        Vault = vault;
    }

    /// <summary>How many owners must sign every change of the vault's register.</summary>
    public int OwnersNeeded { get; }

    public BackupTrust DeduplicationTrust { get; }

    /// <summary>How long something condemned stays before it is deleted.</summary>
    public TimeSpan GraceTime { get; }

    /// <summary>After how long without a sign of life a running backup counts as ended.</summary>
    public TimeSpan SessionLapse { get; }

    /// <summary>How long copies of destroyed keys may live on locked storage.</summary>
    public TimeSpan ErasureHorizon { get; }

    /// <summary>The least time that every snapshot is kept.</summary>
    public TimeSpan RetentionFloor { get; }

    /// <summary>The change that further owners must sign before this holds; null where it does.</summary>
    public string? PendingChange { get; }

    public string Vault { get; }

    internal static BackupVaultPolicy From(VaultPolicy policy, string? pendingChange, string vault) => new(policy, pendingChange, vault);
}
