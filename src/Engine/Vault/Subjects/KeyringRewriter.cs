using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>
/// Brings the keyring to what ledger and additions say, and destroys what it was. Doing and finishing are one: whatever an earlier owner began and did not end
/// (a ledger entry that no root follows, additions, old objects that are still there) is done by the next call.
/// </summary>
public sealed class KeyringRewriter(VaultReader reader)
{
    /// <summary>Another owner wrote first so many times: then something else is wrong.</summary>
    private const int MaxAttempts = 10;

    private const int DeletesAtOnce = 8;

    private readonly UnlockedVault _vault = reader.Vault;

    /// <summary>
    /// Folds the additions in, takes out what the ledger names, has the register name root and ledger head in one entry, and deletes every object of the keyring that
    /// is not reachable any more.
    /// </summary>
    /// <returns>Whether it stands, or waits for the signatures of other owners: then nothing was destroyed yet.</returns>
    /// <exception cref="VaultException">LedgerDamaged, KeyringDamaged, RegisterConflict.</exception>
    /// <exception cref="KeyException">KeyringNotGranted, NotAnOwner.</exception>
    public async Task<RegisterAppend> RunAsync(CancellationToken cancellationToken)
    {
        _vault.RequireOwner();
        for (var attempt = 1; ; attempt++)
        {
            // The base of this attempt: if another root stands when it is to be named, all that was built is of no use, and the next sweep deletes it.
            var ledger = await ErasureLedger.ReadAsync(_vault, after: null, cancellationToken);
            var standing = _vault.Register.KeyringRoot?.Id;
            try
            {
                var append = await RewriteAsync(ledger, cancellationToken);
                if (!append.IsPending)
                {
                    await SweepAsync(cancellationToken);
                    await SubjectKeyCache.PurgeAsync(_vault, ledger, cancellationToken);
                    await RememberAsync(cancellationToken);
                }

                return append;
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
        if (_vault.Register.Policy.OwnersNeeded <= 1 || newHead is null)
        {
            return null;
        }

        var waiting = (await PendingChanges.ListAsync(_vault, cancellationToken)).FirstOrDefault(change => !change.IsStale && change.Draft.Entry.Changes.Contains(newHead));
        return waiting is null ? null : new RegisterAppend(waiting.Id);
    }

    /// <summary>What a rewrite that is overtaken by another one meets: its register entry is refused, or what it reads is deleted under its hands.</summary>
    private static bool IsRace(BackupException exception) =>
        exception.Code == FaultCodes.RegisterConflict || exception.Code == FaultCodes.RegisterDamaged || exception.Code == FaultCodes.KeyringDamaged
        || exception.Code == FaultCodes.KeyringNotGranted;

    private async Task<RegisterAppend> RewriteAsync(ErasureLedger ledger, CancellationToken cancellationToken)
    {
        var named = _vault.Register.LedgerHead;
        var newHead = ledger.Head is { } head && head != named ? head : null;
        var erased = ledger.Entries.Where(entry => (named is null || entry.Number > named.Number) && entry.Record.State == LedgerState.Erased).ToList();
        using var old = await StoredKeyring.OpenAsync(_vault, cancellationToken);
        using var additions = await UnfoldedAdditions.LoadAsync(reader, old?.Root.Folded ?? new HashSet<ObjectId>(), ledger.Length, cancellationToken);
        if (await FindProposedAsync(newHead, cancellationToken) is { } waiting)
        {
            return waiting;
        }

        if (additions.Ids.Count == 0 && erased.Count == 0 && (old is null || await ErasureEpoch.FitsOwnersAsync(_vault, old.Root.Header.Object, cancellationToken)))
        {
            return newHead is null ? RegisterAppend.Stands : await _vault.AppendAsync([newHead], cancellationToken);
        }

        // A crash before the register entry leaves objects that nothing names, and a ledger that is in force: readers find the erased subjects no more, and the
        // next call does the rest.
        using var builder = new KeyringBuilder(_vault, old, additions, ledger);
        var built = await builder.BuildAsync(erased.SelectMany(static entry => entry.Record.Subjects), cancellationToken);
        return await _vault.AppendAsync(newHead is null ? [built] : [built, newHead], cancellationToken);
    }

    /// <summary>
    /// Deletes what the root that stands does not reach. A rewrite that is under way was begun from that root, and all that it has stored says so: that is left
    /// alone. What was made to replace any other root can never be named any more. A crash here leaves old objects to the next call.
    /// </summary>
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        using var standing = await StoredKeyring.OpenAsync(_vault, cancellationToken);
        if (standing is null)
        {
            return;
        }

        var stats = await _vault.Store.ListAsync(ObjectNames.Keyring, static _ => true, cancellationToken);
        var sweep = new KeyringSweep(_vault, standing);
        await Parallel.ForEachAsync(
            stats,
            new ParallelOptions { MaxDegreeOfParallelism = DeletesAtOnce, CancellationToken = cancellationToken },
            async (stat, token) =>
            {
                if (await sweep.IsDeadAsync(stat, token))
                {
                    await _vault.Target.DeleteAsync(stat.Name, token);
                }
            });
    }
}
