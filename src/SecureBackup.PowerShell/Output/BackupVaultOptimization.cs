using SecureBackup.Engine.Pipeline.Collection;

namespace SecureBackup.PowerShell.Output;

/// <summary>What Optimize-BackupVault did, or with -WhatIf would do now.</summary>
public sealed class BackupVaultOptimization
{
    private BackupVaultOptimization(string vault, CollectResult result, bool isTrial, IReadOnlyList<string> certificates)
    {
        Vault = vault;
        IsTrial = isTrial;
        BytesBefore = result.BytesBefore;
        BytesAfter = result.BytesAfter;
        PacksCondemned = result.PacksCondemned;
        BytesCondemned = result.BytesCondemned;
        PacksDeleted = result.PacksDeleted;
        BytesDeleted = result.BytesDeleted;
        PacksLifted = result.PacksLifted;
        PacksChosen = result.PacksChosen;
        BytesChosen = result.BytesChosen;
        PacksTooYoung = result.PacksTooYoung;
        PacksCompacted = result.PacksCompacted;
        BytesRewritten = result.BytesRewritten;
        SegmentsMerged = result.SegmentsMerged;
        ObjectsTidied = result.ObjectsTidied;
        ObjectsKept = result.ObjectsKept;
        CustomersErased = result.SubjectsErased;
        CertificatePaths = certificates;
        CustomerKeysFolded = result.SubjectKeysFolded;
        KeyringObjectsDeleted = result.KeyringObjectsDeleted;
        NextDue = result.NextDue?.ToLocalTime();
        HasMoreToDo = result.HasMoreToDo;
        Traffic = BackupTraffic.From(result.Traffic);
        Elapsed = result.Elapsed;
    }

    public string Vault { get; }

    /// <summary>Whether this only says what a run would do.</summary>
    public bool IsTrial { get; }

    /// <summary>Size of all packs.</summary>
    public long BytesBefore { get; }

    public long BytesAfter { get; }

    /// <summary>Packs that were marked now: they are deleted after the grace time, unless a snapshot needs them by then.</summary>
    public long PacksCondemned { get; }

    public long BytesCondemned { get; }

    public long PacksDeleted { get; }

    public long BytesDeleted { get; }

    /// <summary>Packs that had been marked and are needed now; they stay.</summary>
    public long PacksLifted { get; }

    /// <summary>Packs that were chosen to be rewritten after the grace time.</summary>
    public long PacksChosen { get; }

    public long BytesChosen { get; }

    /// <summary>Packs that are left for later, since the store is paid for them up to the end of its least storage time in any case.</summary>
    public long PacksTooYoung { get; }

    /// <summary>Packs whose needed part was moved into new ones; a later call deletes them.</summary>
    public long PacksCompacted { get; }

    /// <summary>With -WhatIf about as many as would be.</summary>
    public long BytesRewritten { get; }

    /// <summary>Parts of the index that were joined into fewer.</summary>
    public long SegmentsMerged { get; }

    /// <summary>Small objects that had served, and were deleted.</summary>
    public long ObjectsTidied { get; }

    /// <summary>Of what was to be deleted, what the store did not give up, since it is locked or this account may not: a later call tries again.</summary>
    public long ObjectsKept { get; }

    /// <summary>Customers whose erasure was interrupted, or deferred by a legal hold that stands no more.</summary>
    public long CustomersErased { get; }

    /// <summary>The certificates of their erasure; empty without -CertificatePath.</summary>
    public IReadOnlyList<string> CertificatePaths { get; }

    /// <summary>Keys of customers that backups had added, and that the keyring took in.</summary>
    public long CustomerKeysFolded { get; }

    /// <summary>Old parts of the keyring that were destroyed.</summary>
    public long KeyringObjectsDeleted { get; }

    /// <summary>When it is worth the while to call again; nothing where nothing waits.</summary>
    public DateTimeOffset? NextDue { get; }

    /// <summary>Whether -For ended it before all that is due was done.</summary>
    public bool HasMoreToDo { get; }

    /// <summary>What was asked of the place where the vault lies.</summary>
    public BackupTraffic Traffic { get; }

    public TimeSpan Elapsed { get; }

    /// <summary>0 all that is due was done, 3 there is more to do now. What stops it is an error: 1.</summary>
    public int ExitCode => HasMoreToDo ? 3 : 0;

    internal static BackupVaultOptimization From(string vault, CollectResult result, bool isTrial, IReadOnlyList<string> certificates) => new(vault, result, isTrial, certificates);
}
