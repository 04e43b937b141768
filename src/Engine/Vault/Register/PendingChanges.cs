using System.Collections.Concurrent;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Vault;

/// <summary>A change of the register that waits for the signatures of further owners.</summary>
/// <param name="Proposer">Who signed first.</param>
/// <param name="Needed">Owners that must sign, by the register as it stands now.</param>
/// <param name="IsStale">The register has moved on, or an erasure in it was withdrawn: the signatures are worth nothing any more.</param>
public sealed record PendingChange(ChangeId Id, string Proposer, DateTimeOffset ProposedAt, int Needed, bool IsStale)
{
    public required IReadOnlyList<string> SignedBy { get; init; }

    /// <summary>In words, one sentence a change: what is about to happen.</summary>
    public required IReadOnlyList<string> Changes { get; init; }

    internal IReadOnlyList<Proposal> Proposals { get; init; } = [];

    internal RegisterDraft Draft => Proposals[0].Draft;
}

/// <summary>
/// Changes of the register that take several owners. The first owner's signature and the whole entry lie under <c>proposals/</c>; each further owner sees in words what it is
/// and signs; the last signature that is needed makes it the next entry. Nothing here is trusted: what counts is the entry, judged with all its signatures as any other.
/// </summary>
public static class PendingChanges
{
    /// <summary>More are not read: only owners' count, but anybody may store some. The newest are, so that nobody who was there earlier can hide a new change behind his own.</summary>
    private const int MaxProposals = 1_024;

    /// <summary>Every change that waits, oldest first; stale ones too.</summary>
    public static async Task<IReadOnlyList<PendingChange>> ListAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        await vault.RefreshAsync(cancellationToken);
        var (proposals, _) = await ReadAsync(vault, cancellationToken);
        var (ledger, unreadable) = await PendingErasures.ReadAsync(vault, proposals.Select(static proposal => proposal.Draft), cancellationToken);
        return
        [
            .. proposals.GroupBy(static proposal => proposal.Draft.Id)
                .Select(group => Describe(vault, group, ledger, head => PendingErasures.Describe(head, ledger, unreadable)))
                .OrderBy(static change => change.ProposedAt),
        ];
    }

    /// <exception cref="RequestException">NoSuchChange: there is none, or several ids start so.</exception>
    public static async Task<PendingChange> FindAsync(UnlockedVault vault, string idPrefix, CancellationToken cancellationToken)
    {
        var found = (await ListAsync(vault, cancellationToken)).Where(change => idPrefix.Length > 0 && change.Id.ToString().StartsWith(idPrefix, StringComparison.OrdinalIgnoreCase)).ToList();
        return found is [var only] ? only : throw new RequestException(FaultCodes.NoSuchChange, $"{found.Count} changes that wait for signatures have an id that starts with '{idPrefix}'.");
    }

    /// <summary>Signs as this owner. With the last signature that is needed the change becomes the register's next entry.</summary>
    /// <returns>Whether it stands now, or waits on.</returns>
    /// <exception cref="VaultException">ChangeStale, RegisterConflict, RegisterObstructed; UnsupportedFormat: it holds what this version cannot show.</exception>
    /// <exception cref="RequestException">ChangeSigned: by this owner already.</exception>
    /// <exception cref="IntegrityException">BundleMismatch: the change would lock this owner out.</exception>
    /// <exception cref="KeyException">UnlockerMissing: keys that it names are not there.</exception>
    public static async Task<RegisterAppend> ApproveAsync(UnlockedVault vault, PendingChange change, CancellationToken cancellationToken)
    {
        vault.RequireOwner();
        await vault.RefreshAsync(cancellationToken);
        var draft = change.Draft;
        if (draft.Entry.Previous != vault.Register.Head.Hash)
        {
            throw new VaultException(FaultCodes.ChangeStale, $"The change {change.Id} follows register entry {draft.Entry.Number - 1}, and the register has entry {vault.Register.Head.Number} by now.");
        }

        draft.RequireKnown();

        // What others sealed for this owner shows only to this owner: a key that is not the vault's must be seen before it is signed.
        vault.RequireUsable(vault.Register.Preview(draft.Body));
        await RequireStoredAsync(vault, draft, cancellationToken);
        await PendingErasures.RequireSignableAsync(vault, draft, cancellationToken);
        var signatures = change.Proposals.Where(proposal => vault.Register.Find(proposal.Owner.Id) is { IsRevoked: false })
            .DistinctBy(static proposal => proposal.Owner.Id).Select(static proposal => (proposal.Owner.Id, proposal.Signature)).ToList();
        var hasSigned = signatures.Exists(signature => signature.Id == vault.Self);
        if (!hasSigned)
        {
            signatures.Add(draft.SignAs(vault.SelfKey));
        }

        if (signatures.Count < vault.Register.Policy.OwnersNeeded)
        {
            if (hasSigned)
            {
                throw new RequestException(FaultCodes.ChangeSigned, $"{vault.Register.Find(vault.Self)?.Name} signed the change {change.Id} already.");
            }

            await Proposal.WriteAsync(vault, draft, cancellationToken);
            Report(vault, change.Id, signatures.Count);
            return new RegisterAppend(change.Id);
        }

        var ledger = vault.Register.LedgerHead;
        vault.Take(await RegisterLog.PutAsync(vault.Store, vault.Register, draft.Signed(signatures), cancellationToken));

        await MemberAdmission.ShareKeyringAsync(vault, draft.Entry.Changes, cancellationToken);
        var erased = await ResumeErasuresAsync(vault, draft.Entry.Changes, ledger, cancellationToken);

        // The change stands. A crash here leaves proposals that are stale, and in nobody's way.
        await TryDeleteAsync(vault, change, cancellationToken);
        return RegisterAppend.Stands with { Erased = erased };
    }

    /// <summary>With its last signature an erasure destroys, and the release of a hold carries out what the hold deferred. Where that fails, the next owner action does it.</summary>
    private static async Task<IReadOnlyList<ErasureOutcome>> ResumeErasuresAsync(
        UnlockedVault vault, IReadOnlyList<RegisterChange> changes, LedgerHead? before, CancellationToken cancellationToken)
    {
        if (!changes.Any(static change => change is KeyringRoot or LedgerHead or HoldReleased))
        {
            return [];
        }

        try
        {
            return (await new SubjectEraser(vault.RequireReader()).ResumeSinceAsync(before, cancellationToken)).Erased;
        }
        catch (BackupException exception)
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"The change stands, and what it erases is not destroyed yet: {exception.Message}", exception.Code));
            return [];
        }
    }

    /// <summary>Proposes a stale change anew, on top of the register as it stands.</summary>
    /// <exception cref="VaultException">ChangeStale: what it says does not fit the register any more.</exception>
    public static async Task<RegisterAppend> RenewAsync(UnlockedVault vault, PendingChange change, CancellationToken cancellationToken)
    {
        vault.RequireOwner();
        await vault.RefreshAsync(cancellationToken);
        if (change.Draft.Entry.Changes.Any(item => item is EpochBegins or KeyringRoot or LedgerHead
            || (item is OwnerBundleNamed bundle && vault.Register.Bundles.ContainsKey(bundle.Owner))))
        {
            throw new VaultException(FaultCodes.ChangeStale, $"The change {change.Id} is about keys or erasure and was made for the vault as it was then.")
            {
                Remedy = "Run the command that made it again, and withdraw this one with Remove-BackupVaultChange.",
            };
        }

        change.Draft.RequireKnown();
        var append = await vault.AppendAsync(change.Draft.Entry.Changes, cancellationToken);
        await TryDeleteAsync(vault, change, cancellationToken);
        return append;
    }

    /// <summary>
    /// Withdraws a change: what it would have erased is taken back in the ledger, and its proposals are deleted. What a hostile store kept of them still bears the signatures that were
    /// given, until the register has another entry.
    /// </summary>
    public static async Task RemoveAsync(UnlockedVault vault, PendingChange change, CancellationToken cancellationToken)
    {
        vault.RequireOwner();
        var all = await ListAsync(vault, cancellationToken);
        await PendingErasures.WithdrawAsync(vault, all.FirstOrDefault(other => other.Id == change.Id) ?? change, all, cancellationToken);
        await DeleteAsync(vault, change, cancellationToken);
    }

    private static async Task DeleteAsync(UnlockedVault vault, PendingChange change, CancellationToken cancellationToken)
    {
        foreach (var proposal in change.Proposals)
        {
            await vault.Target.DeleteAsync(ObjectNames.Proposal(proposal.Id), cancellationToken);
        }
    }

    /// <summary>What lies among the changes, was stored before <paramref name="settled"/>, and is no owner's signature under anything: it may be deleted.</summary>
    internal static async Task<IReadOnlyList<ObjectName>> RubbishAsync(UnlockedVault vault, DateTimeOffset settled, CancellationToken cancellationToken)
    {
        var (_, broken) = await ReadAsync(vault, cancellationToken);
        var rubbish = new ConcurrentBag<ObjectName>();
        await Parallel.ForEachAsync(
            broken.Where(stat => stat.StoreTime < settled),
            new ParallelOptions { MaxDegreeOfParallelism = ObjectStore.ParallelReads, CancellationToken = cancellationToken },
            async (stat, token) =>
            {
                if (await IsRubbishAsync(vault, stat.Name, token))
                {
                    rubbish.Add(stat.Name);
                }
            });
        return [.. rubbish];
    }

    private static async Task<bool> IsRubbishAsync(UnlockedVault vault, ObjectName name, CancellationToken cancellationToken)
    {
        try
        {
            return await vault.Store.TryReadTwiceAsync(name, Proposal.MaxBytes, cancellationToken) is { } found && Proposal.Read(found, vault) is null;
        }
        catch (BackupException exception) when (exception is IntegrityException or KeyException or VaultException or TargetException { Fault: TargetFault.Garbled })
        {
            return exception is IntegrityException;
        }
    }

    internal static async Task<ChangeId> ProposeAsync(UnlockedVault vault, IReadOnlyList<RegisterChange> changes, CancellationToken cancellationToken)
    {
        var draft = RegisterDraft.Of(vault.Register, changes, vault.Now);
        if (draft.Unsigned.Length > RegisterCodec.MaxEntryBytes - Crypto.SignedObject.MaxSignatures * 128)
        {
            throw new RequestException(FaultCodes.EntryTooLarge, $"The change has {draft.Unsigned.Length} bytes; an entry of the register has at most {RegisterCodec.MaxEntryBytes}.");
        }

        _ = vault.Register.Preview(draft.Body);
        await Proposal.WriteAsync(vault, draft, cancellationToken);
        Report(vault, draft.Id, signed: 1);
        return draft.Id;
    }

    /// <summary>An entry that names keys which are not there would lock their owner out.</summary>
    private static async Task RequireStoredAsync(UnlockedVault vault, RegisterDraft draft, CancellationToken cancellationToken)
    {
        foreach (var change in draft.Entry.Changes.OfType<OwnerBundleNamed>())
        {
            foreach (var name in (change.Unlockers ?? []).Select(static unlocker => ObjectNames.Unlocker(unlocker.Id)).Append(ObjectNames.Bundle(change.Bundle)))
            {
                if (await vault.Target.StatAsync(name, cancellationToken) is null)
                {
                    throw new KeyException(FaultCodes.UnlockerMissing, $"There is no '{name}' on {vault.Target.DisplayName}, though the change {draft.Id} names it.");
                }
            }
        }
    }

    private static void Report(UnlockedVault vault, ChangeId change, int signed) => vault.Sink.Report(new BackupEvent(
        EventSeverity.Warning, $"The change {change.ToString()[..12]} is signed by {signed} owner(s) and waits for {vault.Register.Policy.OwnersNeeded - signed} more; nothing has changed yet.", FaultCodes.ChangePending));

    /// <returns>The proposals of owners, and what counts for nothing and never will.</returns>
    private static async Task<(IReadOnlyList<Proposal> Proposals, IReadOnlyList<ObjectStat> Broken)> ReadAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        var stats = await vault.Store.ListAsync(ObjectNames.Proposals, static name => ObjectNames.TryParseId(name, ObjectNames.Proposals, out _), cancellationToken);
        if (stats.Count > MaxProposals)
        {
            vault.Sink.Report(new BackupEvent(
                EventSeverity.Warning, $"{stats.Count} objects lie under '{ObjectNames.Proposals}', and only the newest {MaxProposals} are looked at: run Optimize-BackupVault, and find out who stores them."));
        }

        var newest = stats.OrderByDescending(static stat => stat.StoreTime).Take(MaxProposals).ToList();
        var broken = new HashSet<ObjectName>();
        var proposals = await vault.Store.ReadManyAsync(
            newest,
            Proposal.MaxBytes,
            stored => Proposal.Read(stored, vault),
            (name, exception) =>
            {
                vault.Sink.Report(new BackupEvent(EventSeverity.Warning, $"'{name}' counts for nothing: {exception.Message}", exception.Code));
                if (exception is IntegrityException)
                {
                    broken.Add(name);
                }
            },
            cancellationToken);
        return ([.. proposals.OfType<Proposal>()], [.. newest.Where(stat => broken.Contains(stat.Name))]);
    }

    private static PendingChange Describe(UnlockedVault vault, IEnumerable<Proposal> group, ErasureLedger? ledger, Func<LedgerHead, IEnumerable<string>> ofLedger)
    {
        var proposals = group.OrderBy(static proposal => proposal.Time).ToList();
        var draft = proposals[0].Draft;
        return new PendingChange(
            draft.Id, proposals[0].Owner.Name, proposals[0].Time.ToDateTimeOffset(), vault.Register.Policy.OwnersNeeded,
            draft.Entry.Previous != vault.Register.Head.Hash || PendingErasures.IsOvertaken(draft, ledger))
        {
            SignedBy = [.. proposals.DistinctBy(static proposal => proposal.Owner.Id).Select(static proposal => proposal.Owner.Name)],
            Changes = ChangeText.Of(vault.Register, draft.Entry.Changes, ofLedger),
            Proposals = proposals,
        };
    }

    private static async Task TryDeleteAsync(UnlockedVault vault, PendingChange change, CancellationToken cancellationToken)
    {
        try
        {
            await DeleteAsync(vault, change, cancellationToken);
        }
        catch (TargetException exception)
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Verbose, $"Signatures of a change that stands could not be cleared away: {exception.Message}", exception.Code));
        }
    }
}
