using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Holds;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>Whom to erase, and why.</summary>
public sealed record ErasureRequest
{
    public required IReadOnlyCollection<SubjectPseudonym> Subjects { get; init; }

    public required string Reason { get; init; }

    /// <summary>Only the keys for these data sets; empty for all.</summary>
    public IReadOnlyList<DataSetId> Scope { get; init; } = [];

    /// <summary>Only keys of this generation and older ones: for a request of before that is carried out late.</summary>
    public uint UpTo { get; init; } = uint.MaxValue;

    internal static ErasureRequest Of(LedgerRecord record) => new() { Subjects = record.Subjects, Reason = record.Reason, Scope = record.Scope, UpTo = record.UpTo };

    internal bool Takes(SubjectKeyEntry key) => key.Generation <= UpTo && (Scope.Count == 0 || Scope.Contains(key.DataSet));
}

/// <summary>What would be done about one subject.</summary>
/// <param name="Free">The data set of each key that may be destroyed.</param>
/// <param name="Held">The data set of each key that a hold protects.</param>
/// <param name="IsHeldAsSubject">A hold names the subject herself: new keys of her are protected as well.</param>
/// <param name="IsRequested">The ledger has an entry that kills all the free keys, and waits for the signatures of other owners.</param>
/// <param name="Before">The newest entry of the ledger that names the subject; null where none does.</param>
public sealed record PlannedErasure(
    SubjectPseudonym Subject,
    IReadOnlyList<DataSetId> Free,
    IReadOnlyList<DataSetId> Held,
    IReadOnlyList<HoldPlaced> Holds,
    bool IsHeldAsSubject,
    bool IsRequested,
    LedgerEntry? Before)
{
    public bool IsUnknown => Free.Count + Held.Count == 0 && Before is null;
}

/// <summary>What an erasure would do: the same for <c>-WhatIf</c> and for the deed.</summary>
public sealed class ErasurePlan
{
    private ErasurePlan(ErasureLedger ledger, IReadOnlyList<PlannedErasure> subjects)
    {
        Ledger = ledger;
        Subjects = subjects;
    }

    public ErasureLedger Ledger { get; }

    /// <summary>Ascending, each once.</summary>
    public IReadOnlyList<PlannedErasure> Subjects { get; }

    /// <exception cref="RequestException">ReasonMissing.</exception>
    /// <exception cref="VaultException">LedgerDamaged, KeyringDamaged.</exception>
    /// <exception cref="KeyException">KeyringNotGranted, NotAnOwner.</exception>
    public static async Task<ErasurePlan> MakeAsync(VaultReader reader, ErasureRequest request, CancellationToken cancellationToken)
    {
        reader.Vault.RequireOwner();
        ReasonText.Require(request.Reason, "an erasure");
        using var keyring = await SubjectKeyring.OpenAsync(reader, cancellationToken);
        return await MakeAsync(reader.Vault, keyring, keyring.Ledger, request, cancellationToken);
    }

    /// <summary>By a keyring that is open.</summary>
    /// <param name="ledger">The keyring's, or with entries behind it that were written since.</param>
    internal static async Task<ErasurePlan> MakeAsync(
        UnlockedVault vault, SubjectKeyring keyring, ErasureLedger ledger, ErasureRequest request, CancellationToken cancellationToken)
    {
        var guard = new HoldGuard(vault.Register);
        var planned = new List<PlannedErasure>(request.Subjects.Count);
        foreach (var subject in request.Subjects.Distinct().Order())
        {
            planned.Add(await PlanAsync(keyring, ledger, guard, request, subject, cancellationToken));
        }

        return new ErasurePlan(ledger, planned);
    }

    private static async Task<PlannedErasure> PlanAsync(
        SubjectKeyring keyring, ErasureLedger ledger, HoldGuard guard, ErasureRequest request, SubjectPseudonym subject, CancellationToken cancellationToken)
    {
        var free = new List<DataSetId>();
        var held = new List<DataSetId>();
        var holds = new HashSet<HoldPlaced>();
        var isRequested = true;
        foreach (var entry in await keyring.OfSubjectAsync(subject, cancellationToken))
        {
            entry.Dispose();
            if (request.Takes(entry))
            {
                var against = guard.AgainstErasure(subject, entry.DataSet);
                (against.Count == 0 ? free : held).Add(entry.DataSet);
                holds.UnionWith(against);
                isRequested &= against.Count > 0 || ledger.Kills(subject, entry.DataSet, entry.Generation);
            }
        }

        return new PlannedErasure(
            subject, free, held, [.. holds.OrderBy(static hold => hold.Id.Value)], holds.Any(static hold => hold.Scope == HoldScope.Subject), isRequested, ledger.LastOf(subject));
    }
}
