using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>Deletes small objects that have served. Each rule says why no run can come to need the object again.</summary>
internal sealed class Tidier(CollectRun run)
{
    private readonly UnlockedVault _vault = run.Vault;
    private readonly CollectView _view = run.View;

    /// <summary>What was stored later may be of a run that is at work.</summary>
    private DateTimeOffset Settled => _view.Clock.AtLeast - _view.Policy.SessionLapse;

    internal async Task TidyAsync(CollectPlan plan, CancellationToken cancellationToken)
    {
        // A marker that is still to be waited for waits for sessions: an end that is taken away too early would only make it wait longer.
        var (announcements, ends) = _view.Sessions.Spent(_view.Clock.AtLeast);
        await run.TidyAsync(announcements, cancellationToken);
        await run.TidyAsync(ends, cancellationToken);
        var withdrawn = run.IsOver() ? [] : await _view.Leftovers.WithdrawAsync(_vault, _view.Catalog, cancellationToken);
        await run.TidyAsync(await RemovedManifestsAsync(cancellationToken), cancellationToken);
        await run.TidyAsync(await OrphanPagesAsync(cancellationToken), cancellationToken);
        await run.TidyAsync(ServedRelocations(), cancellationToken);
        await run.TidyAsync(_view.Catalog.OfRevoked, cancellationToken);
        await run.TidyAsync(await RecordTidying.SupersededAsync(_vault, _view.Removed, Settled, cancellationToken), cancellationToken);
        await run.TidyAsync(await PendingChanges.RubbishAsync(_vault, Settled, cancellationToken), cancellationToken);
        await run.TidyAsync(await KeyTidying.LeftoversAsync(_vault, Settled, cancellationToken), cancellationToken);
        if (!run.IsOver())
        {
            var settled = Settled < _view.RemovalsSettledBefore ? Settled : _view.RemovalsSettledBefore;
            await RemovalFold.RunAsync(_vault, [.. _view.Catalog.Removals.Where(record => record.StoreTime < settled).Except(withdrawn)], cancellationToken);
        }
    }

    /// <summary>A removal that broke off after its record: the snapshot counts as removed already, and nobody takes the record back any more.</summary>
    private async Task<List<ObjectName>> RemovedManifestsAsync(CancellationToken cancellationToken)
    {
        var removed = _view.Removed;
        var stats = await _vault.Store.ListAsync(
            ObjectNames.Manifests, name => ObjectNames.TryParseId(name, ObjectNames.Manifests, out var id) && removed.Contains(new SnapshotId(id)), cancellationToken);
        return [.. stats.Select(static stat => stat.Name)];
    }

    /// <summary>
    /// A page that no snapshot names and that names a pack which is gone: packs never come back, so no snapshot to come can have this page. One whose packs are all there may be the very page
    /// that a run is about to use, and stays.
    /// </summary>
    private async Task<List<ObjectName>> OrphanPagesAsync(CancellationToken cancellationToken)
    {
        var orphans = await _vault.Store.ListAsync(
            ObjectNames.ReferencePages, name => ObjectNames.TryParseId(name, ObjectNames.ReferencePages, out var id) && !_view.Live.NeedsPage(new ObjectId(id)), cancellationToken);
        var dead = new List<ObjectName>();
        foreach (var stat in orphans.Where(stat => stat.StoreTime < Settled))
        {
            if (run.IsOver())
            {
                break;
            }

            if (await NamesGoneAsync(stat, cancellationToken))
            {
                dead.Add(stat.Name);
            }
        }

        return dead;
    }

    private async Task<bool> NamesGoneAsync(ObjectStat stat, CancellationToken cancellationToken)
    {
        var page = ObjectNames.TryParseId(stat.Name, ObjectNames.ReferencePages, out var id) ? new ObjectId(id) : default;
        try
        {
            await foreach (var pack in ReferenceSet.ReadAsync(_vault, [page], cancellationToken))
            {
                // A listing may have come changed: what it lacks is asked for by name.
                if (!_view.Inventory.Has(pack) && await _vault.Target.StatAsync(ObjectNames.Pack(pack), cancellationToken) is null)
                {
                    return true;
                }
            }
        }
        catch (BackupException damage) when (damage is IntegrityException or KeyException or VaultException or TargetException { Fault: TargetFault.NotFound })
        {
            // It is no page, so nothing is known about it; a backup that wants its name makes two pages instead.
        }

        return false;
    }

    /// <summary>The old packs are gone, and no snapshot names one of them, directly or by way of another relocation.</summary>
    private IEnumerable<ObjectName> ServedRelocations() => _view.Relocations.Stored
        .Where(stored => stored.StoredAt < _view.Clock.AtLeast - (2 * _view.Policy.GraceTime)
            && stored.Relocation.Moves.All(move => !_view.Inventory.Has(move.Old) && !_view.Live.NeedsMove(move.Old)))
        .Select(static stored => stored.Name);
}
