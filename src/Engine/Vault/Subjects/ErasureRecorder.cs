using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>Writes requests into the ledger, as planned: what a hold protects as deferred, the rest as erased.</summary>
/// <param name="ledger">As it was read.</param>
internal sealed class ErasureRecorder(UnlockedVault vault, ErasureLedger ledger)
{
    /// <summary>With all that was written here.</summary>
    internal ErasureLedger Ledger { get; private set; } = ledger;

    /// <param name="replaced">An entry in whose place the request is written again; all of it then. A crash in between leaves both: what is asked for twice is done once.</param>
    /// <returns>The entry of each subject that has one now.</returns>
    /// <exception cref="Faults.VaultException">LedgerDamaged.</exception>
    internal async Task<IReadOnlyDictionary<SubjectPseudonym, LedgerEntry>> WriteAsync(
        ErasureRequest request, IReadOnlyList<PlannedErasure> planned, LedgerEntry? replaced, CancellationToken cancellationToken)
    {
        var free = planned.Where(subject => subject.Free.Count > 0 && (replaced is not null || !subject.IsRequested));
        var heldAsSubject = planned.Where(static subject => subject.IsHeldAsSubject);
        var heldByDataSet = planned.Where(static subject => subject.Held.Count > 0 && !subject.IsHeldAsSubject).ToList();
        DataSetId[] held = [.. heldByDataSet.SelectMany(static subject => subject.Held).Distinct().OrderBy(static id => id.Value)];

        // Deferred ones first, so that of a subject with both the entry that destroyed something is the one that is shown.
        List<LedgerRecord> records =
        [
            .. RecordsOf(request, heldAsSubject, request.Scope, LedgerState.Deferred),
            .. RecordsOf(request, heldByDataSet, held, LedgerState.Deferred),
            .. RecordsOf(request, free, request.Scope, LedgerState.Erased),
        ];
        if (replaced is not null)
        {
            var last = records.Count > 0 ? records[^1] : RecordOf(request, [], request.Scope, LedgerState.Withdrawn);
            records = [.. records.SkipLast(1), last with { Replaces = [replaced.Number] }];
        }

        var entries = new Dictionary<SubjectPseudonym, LedgerEntry>();
        foreach (var record in records)
        {
            Ledger = await LedgerWriter.AppendAsync(vault, Ledger, record, cancellationToken);
            foreach (var subject in record.Subjects)
            {
                entries[subject] = Ledger.Entries[^1];
            }
        }

        return entries;
    }

    /// <summary>Takes back what waits for signatures.</summary>
    internal async Task WithdrawAsync(IEnumerable<LedgerEntry> entries, string reason, CancellationToken cancellationToken)
    {
        foreach (var numbers in entries.Select(static entry => entry.Number).Chunk(LedgerCodec.MaxListed).ToList())
        {
            var record = RecordOf(new ErasureRequest { Subjects = [], Reason = reason }, [], [], LedgerState.Withdrawn);
            Ledger = await LedgerWriter.AppendAsync(vault, Ledger, record with { Replaces = numbers }, cancellationToken);
        }
    }

    internal static List<DestroyedKeys> DestroyedOf(IEnumerable<DataSetId> free) =>
        [.. free.CountBy(static dataSet => dataSet).OrderBy(static pair => pair.Key.Value).Select(static pair => new DestroyedKeys(pair.Key, pair.Value))];

    private IEnumerable<LedgerRecord> RecordsOf(ErasureRequest request, IEnumerable<PlannedErasure> planned, IReadOnlyList<DataSetId> scope, LedgerState state) =>
        planned.Chunk(LedgerCodec.MaxSubjects).Select(batch => RecordOf(request, batch, scope, state));

    private LedgerRecord RecordOf(ErasureRequest request, PlannedErasure[] batch, IReadOnlyList<DataSetId> scope, LedgerState state) => new()
    {
        Time = vault.Now,
        Subjects = [.. batch.Select(static subject => subject.Subject)],
        Reason = request.Reason,
        Scope = scope,
        Spared = state == LedgerState.Erased ? SparedOf(request) : [],
        KeysDestroyed = state == LedgerState.Erased ? batch.Sum(static subject => (long)subject.Free.Count) : 0,
        Destroyed = state == LedgerState.Erased ? [.. batch.Select(static subject => DestroyedOf(subject.Free))] : [],
        HorizonEnd = Timestamp.From(vault.Time.GetUtcNow() + vault.Register.Policy.ErasureHorizon),
        State = state,
        UpTo = request.UpTo,
    };

    /// <summary>Data sets that are held as such, or by one of their snapshots.</summary>
    private List<DataSetId> SparedOf(ErasureRequest request) => [.. vault.Register.Holds.Values
        .Where(static hold => hold.Scope != HoldScope.Subject)
        .SelectMany(static hold => hold.DataSets)
        .Where(dataSet => request.Scope.Count == 0 || request.Scope.Contains(dataSet))
        .Distinct().OrderBy(static id => id.Value)];
}
