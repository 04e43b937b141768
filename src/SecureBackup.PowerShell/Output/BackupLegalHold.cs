using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;

namespace SecureBackup.PowerShell.Output;

/// <summary>What a legal hold is about.</summary>
public enum BackupLegalHoldScope
{
    Snapshot,
    DataSet,
    Subject,
}

/// <summary>A legal hold that stands.</summary>
public sealed class BackupLegalHold
{
    private BackupLegalHold(string vault, LegalHold hold, bool isPending)
    {
        Vault = vault;
        Id = hold.Placed.Id.ToString();
        Scope = hold.Placed.Scope switch
        {
            HoldScope.Snapshot => BackupLegalHoldScope.Snapshot,
            HoldScope.DataSet => BackupLegalHoldScope.DataSet,
            _ => BackupLegalHoldScope.Subject,
        };
        On = hold.ScopeText;
        Reason = hold.Reason;
        Owner = hold.Owner;
        Matter = hold.Matter;
        PlacedAt = hold.PlacedAt.ToDateTimeOffset();
        IsPending = isPending;
    }

    public string Id { get; }

    public BackupLegalHoldScope Scope { get; }

    /// <summary>The id of a snapshot, the name of a data set, or the pseudonym of a customer.</summary>
    public string On { get; }

    public string Reason { get; }

    /// <summary>Who answers for it.</summary>
    public string Owner { get; }

    public string? Matter { get; }

    public DateTimeOffset PlacedAt { get; }

    /// <summary>Other owners must sign before it holds anything.</summary>
    public bool IsPending { get; }

    public string Vault { get; }

    internal static BackupLegalHold From(string vault, LegalHold hold, bool isPending = false) => new(vault, hold, isPending);
}
