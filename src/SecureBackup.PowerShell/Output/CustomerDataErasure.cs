using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.PowerShell.Output;

/// <summary>What became of the request to erase a customer.</summary>
public enum CustomerDataErasureState
{
    Erased,
    Deferred,
    Pending,

    /// <summary>Nobody can read the records any more, but the store did not give up old objects that may hold the keys: not erased yet.</summary>
    KeysRemain,
}

/// <summary>A customer whose records were made unreadable, or will be.</summary>
public sealed class CustomerDataErasure
{
    private CustomerDataErasure(string vault, string? subject, ErasureOutcome outcome, IReadOnlyList<string> dataSets, IReadOnlyList<string> heldDataSets, string? certificatePath)
    {
        Vault = vault;
        Subject = subject;
        Pseudonym = outcome.Subject.ToString();
        State = outcome.State switch
        {
            ErasureState.Erased => CustomerDataErasureState.Erased,
            ErasureState.Deferred => CustomerDataErasureState.Deferred,
            ErasureState.KeysRemain => CustomerDataErasureState.KeysRemain,
            _ => CustomerDataErasureState.Pending,
        };
        KeysDestroyed = outcome.KeysDestroyed;
        DataSets = dataSets;
        HeldDataSets = heldDataSets;
        Holds = outcome.Holds.Select(static hold => hold.Id.ToString()).ToArray();
        LedgerNumber = outcome.Entry?.Number;
        CertificatePath = certificatePath;
        PendingChange = outcome.Change?.ToString();
    }

    /// <summary>As it was given; null where only the ledger knows whom it was about.</summary>
    public string? Subject { get; }

    /// <summary>What ledger and certificate call the customer.</summary>
    public string Pseudonym { get; }

    public CustomerDataErasureState State { get; }

    public int KeysDestroyed { get; }

    /// <summary>Data sets whose keys are destroyed.</summary>
    public IReadOnlyList<string> DataSets { get; }

    /// <summary>Data sets whose keys a legal hold protects.</summary>
    public IReadOnlyList<string> HeldDataSets { get; }

    /// <summary>Ids of the holds that stand in the way.</summary>
    public IReadOnlyList<string> Holds { get; }

    public long? LedgerNumber { get; }

    /// <summary>The signed JSON; the page lies beside it. Null where none was asked for, or nothing was destroyed yet.</summary>
    public string? CertificatePath { get; }

    /// <summary>The change that other owners must sign before anything is destroyed; null where none waits.</summary>
    public string? PendingChange { get; }

    public string Vault { get; }

    internal static CustomerDataErasure From(string vault, string? subject, ErasureOutcome outcome, CertificateIssuer names, string? certificatePath) =>
        new(vault, subject, outcome, names.NamesOf(outcome.DataSets).ToArray(), names.NamesOf(outcome.HeldDataSets).ToArray(), certificatePath);
}
