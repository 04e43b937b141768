using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>What became of a request.</summary>
public enum ErasureState
{
    /// <summary>The keys are destroyed on this target.</summary>
    Erased,

    /// <summary>A legal hold stands in the way of some of the keys; the release of the hold resumes it.</summary>
    Deferred,

    /// <summary>Other owners must sign before anything is destroyed.</summary>
    Pending,

    /// <summary>The vault holds no key of the subject, and the ledger does not name her.</summary>
    Unknown,
}

/// <param name="KeysDestroyed">Where she was erased before and nothing is left to destroy, what the ledger says was destroyed then.</param>
/// <param name="DataSets">Those in which she had keys that are destroyed.</param>
/// <param name="Entry">The entry of the ledger; null where she is unknown.</param>
public sealed record ErasureOutcome(
    SubjectPseudonym Subject,
    ErasureState State,
    int KeysDestroyed,
    IReadOnlyList<DataSetId> DataSets,
    IReadOnlyList<DataSetId> HeldDataSets,
    IReadOnlyList<HoldPlaced> Holds,
    LedgerEntry? Entry)
{
    /// <summary>The change that other owners must sign first, where the state is Pending.</summary>
    public ChangeId? Change { get; init; }
}

/// <summary>
/// The one way to erase subjects. In the order of durability: the ledger says so, then new leaves and a new root without them, then one register entry that names root and
/// ledger, then the old objects are deleted and this host's caches purged. After a crash at any step the subject is not found any more, or is still whole; the
/// next erasure, or <see cref="ResumeAsync"/>, does the rest. Ten thousand subjects cost one rewrite.
/// </summary>
public sealed class SubjectEraser(VaultReader reader)
{
    private readonly UnlockedVault _vault = reader.Vault;

    /// <exception cref="RequestException">ReasonMissing.</exception>
    /// <exception cref="VaultException">LedgerDamaged, KeyringDamaged, RegisterConflict.</exception>
    /// <exception cref="KeyException">NotAnOwner, KeyringNotGranted.</exception>
    public async Task<IReadOnlyList<ErasureOutcome>> EraseAsync(ErasureRequest request, CancellationToken cancellationToken)
    {
        var plan = await ErasurePlan.MakeAsync(reader, request, cancellationToken);
        var ledger = plan.Ledger;
        var free = plan.Subjects.Where(static subject => subject.Free.Count > 0 && !subject.IsRequested).ToList();
        var heldAsSubject = plan.Subjects.Where(static subject => subject.IsHeldAsSubject).ToList();
        var heldByDataSet = plan.Subjects.Where(static subject => subject.Held.Count > 0 && !subject.IsHeldAsSubject).ToList();
        var entries = new Dictionary<SubjectPseudonym, LedgerEntry>();

        // Deferred ones first, so that of a subject with both the entry that destroyed something is the one that is shown.
        await WriteAsync(request, heldAsSubject, request.Scope, LedgerState.Deferred);
        await WriteAsync(request, heldByDataSet, [.. heldByDataSet.SelectMany(static subject => subject.Held).Distinct().OrderBy(static id => id.Value)], LedgerState.Deferred);
        await WriteAsync(request, free, request.Scope, LedgerState.Erased);

        var append = (await new KeyringRewriter(reader).RunAsync(cancellationToken)).Append;
        return [.. plan.Subjects.Select(subject => OutcomeOf(subject, append, entries.GetValueOrDefault(subject.Subject) ?? subject.Before))];

        async Task WriteAsync(ErasureRequest asked, List<PlannedErasure> subjects, IReadOnlyList<DataSetId> scope, LedgerState state)
        {
            foreach (var batch in subjects.Chunk(LedgerCodec.MaxSubjects))
            {
                var written = await LedgerWriter.AppendAsync(_vault, ledger, RecordOf(asked, batch, scope, state), cancellationToken);
                ledger = await ErasureLedger.ReadAsync(_vault, after: null, cancellationToken);
                foreach (var subject in batch)
                {
                    entries[subject.Subject] = written;
                }
            }
        }
    }

    /// <summary>
    /// Does what is due: erases whose erasure a hold deferred that stands no more, and finishes what an interrupted erasure left. To be called after the release
    /// of a hold; harmless at any time.
    /// </summary>
    /// <returns>Those who were erased now, an interrupted erasure's too, and who waits for the signatures of other owners; and what the last rewrite did.</returns>
    public async Task<(IReadOnlyList<ErasureOutcome> Erased, KeyringRewrite Rewrite)> ResumeAsync(CancellationToken cancellationToken)
    {
        await _vault.RefreshAsync(cancellationToken);
        return await ResumeSinceAsync(_vault.Register.LedgerHead, cancellationToken);
    }

    /// <inheritdoc cref="ResumeAsync"/>
    /// <param name="before">What the register named when nobody of them was erased.</param>
    internal async Task<(IReadOnlyList<ErasureOutcome> Erased, KeyringRewrite Rewrite)> ResumeSinceAsync(LedgerHead? before, CancellationToken cancellationToken)
    {
        var waiting = new List<ErasureOutcome>();
        foreach (var request in await DeferredAsync(cancellationToken))
        {
            var due = await DueAsync(request, cancellationToken);
            if (due.Count > 0)
            {
                waiting.AddRange((await EraseAsync(request with { Subjects = due }, cancellationToken)).Where(static outcome => outcome.State == ErasureState.Pending));
            }
        }

        // Nobody counts as erased before the rewrite has destroyed what was.
        var rewrite = await new KeyringRewriter(reader).RunAsync(cancellationToken);
        return ([.. waiting, .. await ErasedSinceAsync(before, cancellationToken)], rewrite);
    }

    /// <summary>What became of everybody whom the ledger entries erase that the register names now, and did not name then.</summary>
    private async Task<IReadOnlyList<ErasureOutcome>> ErasedSinceAsync(LedgerHead? before, CancellationToken cancellationToken)
    {
        if (_vault.Register.LedgerHead is not { } named || named == before)
        {
            return [];
        }

        var outcomes = new List<ErasureOutcome>();
        foreach (var entry in (await ErasureLedger.ReadAsync(_vault, before, cancellationToken)).Entries.Where(entry => entry.Number <= named.Number && entry.Record.State == LedgerState.Erased))
        {
            var (record, request) = (entry.Record, ErasureRequest.Of(entry.Record));
            foreach (var subject in (await ErasurePlan.MakeAsync(reader, request, cancellationToken)).Subjects)
            {
                var destroyed = record.DestroyedOf(subject.Subject);
                outcomes.Add(new ErasureOutcome(
                    subject.Subject,
                    subject.Held.Count + subject.Free.Count > 0 ? ErasureState.Deferred : ErasureState.Erased,
                    destroyed.Sum(static keys => keys.Keys),
                    [.. destroyed.Select(static keys => keys.DataSet)],
                    [.. subject.Held.Distinct()],
                    subject.Holds,
                    entry));
            }
        }

        return outcomes;
    }

    /// <summary>What <see cref="ResumeAsync"/> would do now. Writes nothing.</summary>
    /// <returns>How many erasures are due, and what a rewrite would take in.</returns>
    public async Task<(int Due, KeyringRewrite Rewrite)> PlanResumeAsync(CancellationToken cancellationToken)
    {
        var due = new HashSet<SubjectPseudonym>();
        foreach (var request in await DeferredAsync(cancellationToken))
        {
            due.UnionWith(await DueAsync(request, cancellationToken));
        }

        return (due.Count, await new KeyringRewriter(reader).PlanAsync(cancellationToken));
    }

    private async Task<List<ErasureRequest>> DeferredAsync(CancellationToken cancellationToken)
    {
        var ledger = await ErasureLedger.ReadAsync(_vault, after: null, cancellationToken);
        return
        [
            .. from entry in ledger.Entries
               where entry.Record.State == LedgerState.Deferred
               select ErasureRequest.Of(entry.Record),
        ];
    }

    /// <summary>Those of a deferred request who still have keys of before it, and none that is held. Who came back since is not meant.</summary>
    private async Task<List<SubjectPseudonym>> DueAsync(ErasureRequest request, CancellationToken cancellationToken)
    {
        using var keyring = await SubjectKeyring.OpenAsync(reader, cancellationToken);
        var guard = new Holds.HoldGuard(_vault.Register);
        var due = new List<SubjectPseudonym>();
        foreach (var subject in request.Subjects)
        {
            var keys = (await keyring.OfSubjectAsync(subject, cancellationToken))
                .ToLookup(request.Takes);
            if (keys[true].Any() && keys[true].All(key => guard.AgainstErasure(subject, key.DataSet).Count == 0))
            {
                due.Add(subject);
            }

            foreach (var key in keys[true].Concat(keys[false]))
            {
                key.Dispose();
            }
        }

        return due;
    }

    private LedgerRecord RecordOf(ErasureRequest request, PlannedErasure[] batch, IReadOnlyList<DataSetId> scope, LedgerState state) => new()
    {
        Time = _vault.Now,
        Subjects = [.. batch.Select(static subject => subject.Subject)],
        Reason = request.Reason,
        Scope = scope,
        Spared = state == LedgerState.Erased ? SparedOf(request) : [],
        KeysDestroyed = state == LedgerState.Erased ? batch.Sum(static subject => (long)subject.Free.Count) : 0,
        Destroyed = state == LedgerState.Erased ? [.. batch.Select(static subject => DestroyedOf(subject.Free))] : [],
        HorizonEnd = Timestamp.From(_vault.Time.GetUtcNow() + _vault.Register.Policy.ErasureHorizon),
        State = state,
        UpTo = request.UpTo,
    };

    /// <summary>Data sets that are held as such, or by one of their snapshots.</summary>
    private List<DataSetId> SparedOf(ErasureRequest request) => [.. _vault.Register.Holds.Values
        .Where(static hold => hold.Scope != HoldScope.Subject)
        .SelectMany(static hold => hold.DataSets)
        .Where(dataSet => request.Scope.Count == 0 || request.Scope.Contains(dataSet))
        .Distinct().OrderBy(static id => id.Value)];

    private static ErasureOutcome OutcomeOf(PlannedErasure subject, RegisterAppend append, LedgerEntry? entry)
    {
        var state = subject.IsUnknown ? ErasureState.Unknown
            : append.IsPending && subject.Free.Count > 0 ? ErasureState.Pending
            : subject.Held.Count > 0 ? ErasureState.Deferred
            : ErasureState.Erased;
        var destroyed = subject.Free.Count == 0 && entry is not null ? entry.Record.DestroyedOf(subject.Subject) : DestroyedOf(subject.Free);
        return new ErasureOutcome(
            subject.Subject, state, destroyed.Sum(static keys => keys.Keys), [.. destroyed.Select(static keys => keys.DataSet)], [.. subject.Held.Distinct()], subject.Holds, entry)
        {
            Change = state == ErasureState.Pending ? append.Pending : null,
        };
    }

    private static List<DestroyedKeys> DestroyedOf(IEnumerable<DataSetId> free) =>
        [.. free.CountBy(static dataSet => dataSet).OrderBy(static pair => pair.Key.Value).Select(static pair => new DestroyedKeys(pair.Key, pair.Value))];
}
