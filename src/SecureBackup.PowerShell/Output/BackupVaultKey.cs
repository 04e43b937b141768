using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>One way into a vault: a passphrase, a key file, or a set of recovery shares.</summary>
public sealed class BackupVaultKey
{
    private BackupVaultKey(VaultKey key, string vault, bool isPending)
    {
        Id = key.Id.ToString();
        Kind = key.Kind;
        Label = key.Label;
        Created = key.CreatedAt?.ToLocalTime();
        Owner = key.OwnerName;
        OwnerId = key.Owner.ToString();
        IsInUse = key.IsInUse;
        (Threshold, Count, Set) = key.Shares is { } shares ? (shares.Threshold, shares.Count, shares.Set) : ((int?)null, (int?)null, (int?)null);
        Vault = vault;
        IsPending = isPending;
    }

    /// <summary>Stays the same when the owner's keys are locked anew.</summary>
    public string Id { get; }

    /// <summary><c>passphrase</c>, <c>key file</c>, <c>shares</c>, or <c>unreadable</c> where its object is gone or was exchanged.</summary>
    public string Kind { get; }

    public string Label { get; }

    /// <summary>When it was added, as its maker's clock said; null where it cannot be read.</summary>
    public DateTimeOffset? Created { get; }

    /// <summary>The name of the owner whose keys it opens.</summary>
    public string Owner { get; }

    public string OwnerId { get; }

    /// <summary>Whether the vault was opened with it now.</summary>
    public bool IsInUse { get; }

    /// <summary>How many shares it takes; null for other kinds.</summary>
    public int? Threshold { get; }

    /// <summary>How many shares there are; null for other kinds.</summary>
    public int? Count { get; }

    /// <summary>The number that stands on every sheet of the set; null for other kinds.</summary>
    public int? Set { get; }

    /// <summary>Whether further owners must sign before it opens anything.</summary>
    public bool IsPending { get; }

    public string Vault { get; }

    public override string ToString() => Id;

    internal static BackupVaultKey From(VaultKey key, string vault, bool isPending = false) => new(key, vault, isPending);
}
