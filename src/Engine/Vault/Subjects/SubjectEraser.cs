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

    /// <summary>No reader takes the keys any more, and they are not destroyed: the store did not give up old objects that may hold them. The same request, made later, destroys them.</summary>
    KeysRemain,
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
        var recorder = new ErasureRecorder(_vault, plan.Ledger);
        var entries = await recorder.WriteAsync(request, plan.Subjects, replaced: null, cancellationToken);
        var rewrite = await new KeyringRewriter(reader).RunAsync(recorder.Ledger, cancellationToken);
        var outcomes = plan.Subjects.Select(subject => OutcomeOf(subject, rewrite.Append, entries.GetValueOrDefault(subject.Subject) ?? subject.Before));
        return await RemainingKeys.JudgeAsync(_vault, [.. outcomes], rewrite, cancellationToken);
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
        var recorder = new ErasureRecorder(_vault, await ErasureLedger.ReadAsync(_vault, after: null, cancellationToken));
        var planned = new Dictionary<SubjectPseudonym, (PlannedErasure Plan, LedgerEntry? Entry)>();
        await ForEachDueAsync(recorder, async (request, due) =>
        {
            var entries = await recorder.WriteAsync(request, due, replaced: null, cancellationToken);
            due.ForEach(subject => planned[subject.Subject] = (subject, entries.GetValueOrDefault(subject.Subject) ?? subject.Before));
        }, cancellationToken);

        // Nobody counts as erased before the rewrite has destroyed what was.
        var rewrite = await new KeyringRewriter(reader).RunAsync(recorder.Ledger, cancellationToken);
        var outcomes = planned.Values.Select(item => OutcomeOf(item.Plan, rewrite.Append, item.Entry));
        var all = (ErasureOutcome[])[.. outcomes.Where(static outcome => outcome.State == ErasureState.Pending), .. await ErasedSinceAsync(before, cancellationToken)];
        return (await RemainingKeys.JudgeAsync(_vault, all, rewrite, cancellationToken), rewrite);
    }

    /// <summary>What became of everybody whom the ledger entries erase that the register names now, and did not name then.</summary>
    private async Task<IReadOnlyList<ErasureOutcome>> ErasedSinceAsync(LedgerHead? before, CancellationToken cancellationToken)
    {
        if (_vault.Register.LedgerHead is not { } named || named == before)
        {
            return [];
        }

        var outcomes = new List<ErasureOutcome>();
        using var keyring = await SubjectKeyring.OpenAsync(reader, cancellationToken);
        var since = keyring.Ledger.Entries.Where(entry => (before is null || entry.Number > before.Number) && entry.Number <= named.Number);
        foreach (var entry in since.Where(entry => entry.Record.State == LedgerState.Erased && !keyring.Ledger.IsReplaced(entry)))
        {
            var record = entry.Record;
            foreach (var subject in (await ErasurePlan.MakeAsync(_vault, keyring, keyring.Ledger, ErasureRequest.Of(record), cancellationToken)).Subjects)
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
        var subjects = new HashSet<SubjectPseudonym>();
        var recorder = new ErasureRecorder(_vault, await ErasureLedger.ReadAsync(_vault, after: null, cancellationToken));
        await ForEachDueAsync(recorder, (_, due) =>
        {
            subjects.UnionWith(due.Select(static subject => subject.Subject));
            return Task.CompletedTask;
        }, cancellationToken);
        return (subjects.Count, await new KeyringRewriter(reader).PlanAsync(cancellationToken));
    }

    /// <summary>
    /// Shows each deferred request with those of it who still have keys of before it, and none that is held. Who came back since is not meant. The newest first: of requests
    /// that were made twice it takes what the others ask. A request that is fulfilled costs no look at the keyring.
    /// </summary>
    private async Task ForEachDueAsync(ErasureRecorder recorder, Func<ErasureRequest, List<PlannedErasure>, Task> act, CancellationToken cancellationToken)
    {
        var ledger = recorder.Ledger;
        var open = (from entry in ledger.Entries.Reverse()
                    where entry.Record.State == LedgerState.Deferred && !ledger.IsReplaced(entry)
                    let left = entry.Record.Subjects.Where(subject => !ledger.HasFulfilled(subject, entry.Record)).ToList()
                    where left.Count > 0
                    select ErasureRequest.Of(entry.Record) with { Subjects = left }).ToList();
        if (open.Count == 0)
        {
            return;
        }

        using var keyring = await SubjectKeyring.OpenAsync(reader, cancellationToken);
        foreach (var request in open)
        {
            var plan = await ErasurePlan.MakeAsync(_vault, keyring, recorder.Ledger, request, cancellationToken);
            var due = plan.Subjects.Where(static subject => subject.Free.Count > 0 && subject.Held.Count == 0).ToList();
            if (due.Count > 0)
            {
                await act(request, due);
            }
        }
    }

    private static ErasureOutcome OutcomeOf(PlannedErasure subject, RegisterAppend append, LedgerEntry? entry)
    {
        var state = subject.IsUnknown ? ErasureState.Unknown
            : append.IsPending && subject.Free.Count > 0 ? ErasureState.Pending
            : subject.Held.Count > 0 ? ErasureState.Deferred
            : ErasureState.Erased;
        var destroyed = subject.Free.Count == 0 && entry is not null ? entry.Record.DestroyedOf(subject.Subject) : ErasureRecorder.DestroyedOf(subject.Free);
        return new ErasureOutcome(
            subject.Subject, state, destroyed.Sum(static keys => keys.Keys), [.. destroyed.Select(static keys => keys.DataSet)], [.. subject.Held.Distinct()], subject.Holds, entry)
        {
            Change = state == ErasureState.Pending ? append.Pending : null,
        };
    }
}
