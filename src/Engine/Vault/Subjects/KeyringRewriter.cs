using System.Collections.Concurrent;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault.Holds;

namespace SecureBackup.Engine.Vault.Subjects;

/// <param name="Append">Whether it stands, or waits for the signatures of other owners: then nothing was destroyed yet.</param>
/// <param name="KeysFolded">Keys of additions that the root took in.</param>
/// <param name="ObjectsDeleted">Objects of the keyring that nothing reached any more.</param>
public sealed record KeyringRewrite(RegisterAppend Append, long KeysFolded, int ObjectsDeleted)
{
    /// <summary>Objects that nothing reaches any more and that the store did not give up, and those of which that could not be told: they may hold keys of who was erased.</summary>
    public IReadOnlyList<ObjectStat> Kept { get; init; } = [];
}

/// <summary>
/// Brings the keyring to what ledger and additions say, and destroys what it was. Doing and finishing are one: whatever an earlier owner began and did not end
/// (a ledger entry that no root follows, additions, old objects that are still there) is done by the next call.
/// </summary>
public sealed class KeyringRewriter(VaultReader reader)
{
    /// <summary>Another owner wrote first so many times: then something else is wrong.</summary>
    private const int MaxAttempts = 10;

    private readonly UnlockedVault _vault = reader.Vault;

    /// <summary>So many are folded in at a time; then they are deleted, and the next come.</summary>
    internal int MaxAdditionsAtOnce { get; init; } = AdditionSet.MaxAdditions;

    /// <summary>
    /// Folds the additions in, takes out what the ledger names, has the register name root and ledger head in one entry, and deletes every object of the keyring that
    /// is not reachable any more.
    /// </summary>
    /// <exception cref="VaultException">LedgerDamaged, KeyringDamaged, RegisterConflict.</exception>
    /// <exception cref="KeyException">KeyringNotGranted, NotAnOwner.</exception>
    public Task<KeyringRewrite> RunAsync(CancellationToken cancellationToken) => RunAsync(known: null, cancellationToken);

    /// <inheritdoc cref="RunAsync(CancellationToken)"/>
    /// <param name="known">The whole ledger as the caller has just read it and written on. An entry that somebody else wrote since is carried out by whoever wrote it.</param>
    internal async Task<KeyringRewrite> RunAsync(ErasureLedger? known, CancellationToken cancellationToken)
    {
        _vault.RequireOwner();
        for (var attempt = 1; ; attempt++)
        {
            // The base of this attempt: if another root stands when it is to be named, all that was built is of no use, and the next sweep deletes it.
            var ledger = await DeferHeldAsync(known ?? await ErasureLedger.ReadAsync(_vault, after: null, cancellationToken), cancellationToken);
            known = null;
            var standing = _vault.Register.KeyringRoot?.Id;
            try
            {
                // Also where this one waits for signatures: the one before it stands since the last of them was given.
                var done = await RewriteAndSweepAsync(ledger, cancellationToken);
                await SubjectKeyCache.PurgeAsync(_vault, ledger, cancellationToken);
                await RememberAsync(cancellationToken);
                return done;
            }
            catch (BackupException exception) when (attempt < MaxAttempts && IsRace(exception))
            {
                await _vault.RefreshAsync(cancellationToken);
                if (exception.Code != FaultCodes.RegisterConflict && _vault.Register.KeyringRoot?.Id == standing)
                {
                    throw;
                }
            }
        }
    }

    /// <summary>
    /// A hold that was placed while a request waited for signatures comes in time: the request is written again, with what is held deferred. Where one owner signs, a request
    /// is in force from the start.
    /// </summary>
    private async Task<ErasureLedger> DeferHeldAsync(ErasureLedger ledger, CancellationToken cancellationToken)
    {
        var guard = new HoldGuard(_vault.Register);
        var held = ledger.Waiting.Where(entry => !entry.IsInForce && guard.AgainstEntry(entry.Record).Count > 0).ToList();
        if (held.Count == 0)
        {
            return ledger;
        }

        var recorder = new ErasureRecorder(_vault, ledger);
        using var keyring = await SubjectKeyring.OpenAsync(reader, cancellationToken);
        foreach (var entry in held)
        {
            var request = ErasureRequest.Of(entry.Record);
            var plan = await ErasurePlan.MakeAsync(_vault, keyring, recorder.Ledger, request, cancellationToken);
            await recorder.WriteAsync(request, plan.Subjects, entry, cancellationToken);
        }

        return recorder.Ledger;
    }

    /// <summary>So that this host refuses a copy of the vault from before.</summary>
    private async Task RememberAsync(CancellationToken cancellationToken)
    {
        var pins = await _vault.Host.ReadPinsAsync(_vault.Id, _vault.Sink, cancellationToken);
        if (pins is null || pins.Head.Number < _vault.Register.Head.Number)
        {
            await _vault.Host.WritePinsAsync(_vault.Id, new HostPins(_vault.Register.Genesis, _vault.Register.Head, pins?.Manifests ?? []), _vault.Sink, cancellationToken);
        }
    }

    /// <summary>A rewrite that has been proposed to the other owners, still fits, and says all that the ledger says; null where there is none.</summary>
    private async Task<RegisterAppend?> FindProposedAsync(LedgerHead? newHead, CancellationToken cancellationToken)
    {
        if (_vault.Register.Policy.OwnersNeeded <= 1)
        {
            return null;
        }

        var waiting = (await PendingChanges.ListAsync(_vault, cancellationToken)).FirstOrDefault(change =>
            !change.IsStale && (newHead is null
                ? change.Draft.Entry.Changes.Any(static item => item is KeyringRoot) && !change.Draft.Entry.Changes.Any(static item => item is LedgerHead)
                : change.Draft.Entry.Changes.Contains(newHead)));
        return waiting is null ? null : new RegisterAppend(waiting.Id);
    }

    /// <summary>What a rewrite that is overtaken by another one meets: its register entry is refused, or what it reads is deleted under its hands.</summary>
    private static bool IsRace(BackupException exception) =>
        exception.Code == FaultCodes.RegisterConflict || exception.Code == FaultCodes.RegisterDamaged || exception.Code == FaultCodes.KeyringDamaged
        || exception.Code == FaultCodes.KeyringNotGranted;

    /// <summary>What <see cref="RunAsync(CancellationToken)"/> would do now. Writes nothing.</summary>
    /// <exception cref="VaultException">LedgerDamaged, KeyringDamaged.</exception>
    /// <exception cref="KeyException">KeyringNotGranted, NotAnOwner.</exception>
    public async Task<KeyringRewrite> PlanAsync(CancellationToken cancellationToken)
    {
        _vault.RequireOwner();
        var ledger = await ErasureLedger.ReadAsync(_vault, after: null, cancellationToken);
        using var old = await StoredKeyring.OpenAsync(_vault, cancellationToken);
        using var additions = await UnfoldedAdditions.LoadAsync(reader, old?.Root.Folded ?? new HashSet<ObjectId>(), ledger.Length, cancellationToken);
        var dead = 0;
        if (old is not null)
        {
            var sweep = new KeyringSweep(_vault, old);
            foreach (var stat in await _vault.Store.ListAsync(ObjectNames.Keyring, static _ => true, cancellationToken))
            {
                dead += await sweep.IsDeadAsync(stat, cancellationToken) is true ? 1 : 0;
            }
        }

        return new KeyringRewrite(RegisterAppend.Stands, IsFoldedAlone ? additions.KeyCount : 0, dead);
    }

    /// <summary>Where several owners must sign, additions wait for the next erasure: else each call would ask all of them for a signature.</summary>
    private bool IsFoldedAlone => _vault.Register.Policy.OwnersNeeded <= 1;

    private async Task<KeyringRewrite> RewriteAndSweepAsync(ErasureLedger ledger, CancellationToken cancellationToken)
    {
        var (folded, deleted) = (0L, 0);
        while (true)
        {
            var (append, keys, hasMore) = await RewriteAsync(ledger, cancellationToken);
            // Also where this one waits for signatures: what it is to replace stands, and what that one replaced may still be there.
            var (swept, kept) = await SweepAsync(cancellationToken);
            (folded, deleted) = (folded + (append.IsPending ? 0 : keys), deleted + swept);

            // What was folded in and cannot be deleted would be met again and again.
            if (append.IsPending || !hasMore || swept == 0)
            {
                return new KeyringRewrite(append, folded, deleted) { Kept = kept };
            }
        }
    }

    private async Task<(RegisterAppend Append, long KeysFolded, bool HasMore)> RewriteAsync(ErasureLedger ledger, CancellationToken cancellationToken)
    {
        // What was withdrawn asks nobody for a signature, and what the rewrite before this one had named is done.
        var named = _vault.Register.LedgerHead;
        var due = ledger.Waiting.Where(entry => named is null || entry.Number > named.Number).ToList();
        var newHead = due.Count > 0 ? ledger.Head : null;
        var erased = due.Where(static entry => entry.Record.State == LedgerState.Erased).ToList();
        using var old = await StoredKeyring.OpenAsync(_vault, cancellationToken);
        using var additions = await UnfoldedAdditions.LoadNextAsync(
            reader, old?.Root.Folded ?? new HashSet<ObjectId>(), ledger.Length, MaxAdditionsAtOnce, cancellationToken);
        if (await FindProposedAsync(newHead, cancellationToken) is { } waiting)
        {
            return (waiting, 0, false);
        }

        var isDue = erased.Count > 0 || (additions.Next.Count > 0 && (IsFoldedAlone || newHead is not null))
            || (old is not null && !await ErasureEpoch.FitsOwnersAsync(_vault, old.Root.Header.Object, cancellationToken));
        if (!isDue)
        {
            return (newHead is null ? RegisterAppend.Stands : await _vault.AppendAsync([newHead], cancellationToken), 0, false);
        }

        // A crash before the register entry leaves objects that nothing names, and a ledger that is in force: readers find the erased subjects no more, and the
        // next call does the rest.
        using var builder = new KeyringBuilder(_vault, old, additions, ledger);
        var built = await builder.BuildAsync(erased.SelectMany(static entry => entry.Record.Subjects), cancellationToken);
        return (await _vault.AppendAsync(newHead is null ? [built] : [built, newHead], cancellationToken), additions.KeyCount, additions.HasMore);
    }

    /// <summary>
    /// Deletes what the root that stands does not reach. A rewrite that is under way was begun from that root, and all that it has stored says so: that is left
    /// alone. What was made to replace any other root that stood before can never be named any more. A crash here leaves old objects to the next call.
    /// </summary>
    /// <returns>How many objects are gone, and which stay, since the store did not give them up or it could not be told whether anything needs them.</returns>
    private async Task<(int Deleted, IReadOnlyList<ObjectStat> Kept)> SweepAsync(CancellationToken cancellationToken)
    {
        // The list before the register: else the list may show a root that two others put in place since, and it would look like one that never can be.
        var stats = await _vault.Store.ListAsync(ObjectNames.Keyring, static _ => true, cancellationToken);
        await _vault.RefreshAsync(cancellationToken);
        using var standing = await StoredKeyring.OpenAsync(_vault, cancellationToken);
        if (standing is null)
        {
            return (0, []);
        }

        var (dead, unsure) = (new ConcurrentBag<ObjectStat>(), new ConcurrentBag<ObjectStat>());
        var sweep = new KeyringSweep(_vault, standing);
        await Parallel.ForEachAsync(
            stats,
            new ParallelOptions { MaxDegreeOfParallelism = ObjectStore.ParallelReads, CancellationToken = cancellationToken },
            async (stat, token) =>
            {
                var isDead = await sweep.IsDeadAsync(stat, token);
                if (isDead is not false)
                {
                    (isDead is null ? unsure : dead).Add(stat);
                }
            });
        if (await _vault.Store.TryDeleteManyAsync([.. dead.Select(static stat => stat.Name)], cancellationToken) is not { } refusal)
        {
            return (dead.Count, [.. unsure]);
        }

        _vault.Sink.Report(new BackupEvent(
            EventSeverity.Warning, $"{refusal.Kept.Count:N0} old object(s) of the keyring could not be deleted, and may hold keys of who was erased. The first: {refusal.Message}", FaultCodes.ErasedKeysRemain));
        var names = refusal.Kept.ToHashSet();
        var kept = dead.Where(stat => names.Contains(stat.Name)).ToList();
        return (dead.Count - kept.Count, [.. kept, .. unsure]);
    }
}
