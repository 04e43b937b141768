using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>A change of a vault that waits for the signatures of further owners, or stands by now.</summary>
public sealed class BackupVaultChange
{
    private BackupVaultChange(PendingChange change, string vault)
    {
        Id = change.Id.ToString();
        ProposedBy = change.Proposer;
        ProposedAt = change.ProposedAt.ToLocalTime();
        SignedBy = change.SignedBy;
        OwnersNeeded = change.Needed;
        IsStale = change.IsStale;
        Changes = change.Changes;
        Vault = vault;
    }

    public string Id { get; }

    public string ProposedBy { get; }

    /// <summary>As the proposer's clock claims.</summary>
    public DateTimeOffset ProposedAt { get; }

    /// <summary>Names of the owners who have signed.</summary>
    public IReadOnlyList<string> SignedBy { get; }

    public int OwnersNeeded { get; }

    /// <summary>The vault was changed otherwise since: the signatures are worth nothing any more.</summary>
    public bool IsStale { get; }

    /// <summary>Whether it has been made.</summary>
    public bool IsDone { get; private init; }

    /// <summary>What is to be changed, in words.</summary>
    public IReadOnlyList<string> Changes { get; }

    public string Vault { get; }

    public override string ToString() => Id;

    internal static BackupVaultChange From(PendingChange change, string vault, bool isDone = false) => new(change, vault) { IsDone = isDone };
}
