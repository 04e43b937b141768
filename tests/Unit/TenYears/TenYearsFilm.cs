using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.TenYears;

/// <summary>
/// Ten years of a vault, turn by turn: backups, removals, checks, a rotation each year, a theft and its end. Beside it runs a reference: the honest snapshots alone, under the same policy. The
/// vault must always hold what the reference holds.
/// </summary>
internal sealed class TenYearsFilm(TenYearsScene scene, TenYearsPlan plan)
{
    private const int MaxUnusedPercent = 20;

    private readonly List<SnapshotFact> _honest = [];
    private readonly Thief _thief = new(scene);
    private readonly YearCosts _costs = new();
    private int _order;
    private int _maintained;
    private int _nightsLeft;
    private bool _isThiefAtWork;

    public YearCurve Curve { get; } = new();

    public int Backups { get; private set; }

    public int Removed { get; private set; }

    public int Erased { get; private set; }

    public uint Rotations { get; private set; }

    /// <summary>Bytes of packs that collection deleted.</summary>
    public long Freed { get; private set; }

    /// <summary>Packs that were rewritten.</summary>
    public long Compacted { get; private set; }

    public async Task RunAsync()
    {
        for (var turn = 0; turn < plan.Turns; turn++)
        {
            await PassTurnAsync();
            for (var host = 0; host < (turn % TenYearsPlan.Hosts == 0 ? TenYearsPlan.Hosts : 1); host++)
            {
                await BackUpAsync(turn, host);
            }

            await TheftAsync(turn);
            if (turn % plan.MaintenanceEvery == plan.MaintenanceEvery - 1)
            {
                await MaintainAsync(isOfYear: false);
            }

            if (turn % plan.TurnsOfYear == plan.TurnsOfYear - 1)
            {
                await EndYearAsync(turn / plan.TurnsOfYear);
            }
        }
    }

    /// <summary>Time passes; a night that is due for a collection sees one.</summary>
    private async Task PassTurnAsync()
    {
        var left = plan.Turn;
        for (; _nightsLeft > 0 && left >= TenYearsPlan.Night; left -= TenYearsPlan.Night)
        {
            scene.Time.Advance(TenYearsPlan.Night);
            await CollectAsync();
        }

        scene.Time.Advance(left);
    }

    private async Task CollectAsync()
    {
        _nightsLeft--;
        int? maxUnusedPercent = _maintained % plan.CompactionEvery == 0 ? MaxUnusedPercent : null;
        CollectResult? result = null;
        _costs.Collections.Add(await scene.CostOf(async () => result = await scene.CollectAsync(maxUnusedPercent)));
        Assert.False(result!.HasMoreToDo);
        Freed += result.BytesDeleted;
        Compacted += result.PacksCompacted;
    }

    private bool IsThiefs(int turn, int host) => host == TenYearsPlan.Hosts - 1 && turn >= plan.StolenAt;

    private async Task BackUpAsync(int turn, int host)
    {
        if (IsThiefs(turn, host))
        {
            return;
        }

        scene.Work(host);
        Snapshot? made = null;
        _costs.Backups.Add(await scene.CostOf(async () =>
        {
            var result = await scene.BackUpAsync(host);
            Assert.True(result.Outcome == SnapshotOutcome.Succeeded, $"Turn {turn}, host {host}: {string.Join(", ", result.Snapshot.Summary.Findings)}");
            made = result.Snapshot;
        }));
        Take(made!);
    }

    private void Take(Snapshot made)
    {
        Backups++;
        _honest.Add(new SnapshotFact
        {
            Id = made.Id, DataSet = made.DataSetId, Writer = made.Writer, ClaimedTime = made.EndedAt.ToDateTimeOffset(), StoreTime = made.StoreTime, ChainOrder = _order++,
        });
    }

    private async Task TheftAsync(int turn)
    {
        if (turn >= plan.StolenAt && turn < plan.RevokedAt && (turn - plan.StolenAt) % Math.Max(1, (plan.RevokedAt - plan.StolenAt) / 3) == 0)
        {
            _isThiefAtWork = true;
            await _thief.ActAsync();
        }

        if (turn == plan.RevokedAt)
        {
            var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
            var mine = _honest.Select(static fact => fact.Id).ToHashSet();
            var last = catalog.Snapshots.Where(snapshot => snapshot.Writer == scene.Hosts[^1].Self && mine.Contains(snapshot.Id)).MaxBy(static snapshot => snapshot.Sequence)!;
            var result = await MemberRevocation.RevokeAsync(
                scene.Owner, new RevocationRequest(scene.Hosts[^1].Self, "the computer was stolen") { LastTrusted = [last] }, CancellationToken.None);
            _isThiefAtWork = false;
            Assert.True(result.Dropped > 0, "The thief's snapshots were to be dropped.");
            await _thief.ActInThePastAsync();
        }
    }

    private async Task MaintainAsync(bool isOfYear)
    {
        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        var mine = _honest.Select(static fact => fact.Id).ToHashSet();
        foreach (var snapshot in catalog.Snapshots.Where(snapshot => mine.Contains(snapshot.Id)).DistinctBy(static snapshot => snapshot.DataSetId).Where(snapshot => isOfYear || !snapshot.IsVerified))
        {
            Assert.Equal(0, await scene.VerifyAsync(snapshot, catalog, readsData: isOfYear));
            var at = _honest.FindIndex(fact => fact.Id == snapshot.Id);
            _honest[at] = _honest[at] with { IsVerified = true };
        }

        _costs.Removals.Add(await scene.CostOf(RemoveAsync));
        _maintained++;
        _nightsLeft = TenYearsPlan.Nights;
        await CollectAsync();
    }

    private async Task RemoveAsync()
    {
        var request = new RemovalRequest(scene.Maintainer, "retention") { Policy = plan.Policy };
        var due = await RemovalPlan.MakeAsync(request, CancellationToken.None);
        Removed += (await SnapshotRemoval.RunAsync(request, [.. due.Expired.Select(static snapshot => snapshot.Id)], CancellationToken.None)).Removed.Count;

        // The reference knows nothing of the thief.
        var expired = plan.Policy.Plan(_honest, scene.Time.GetUtcNow()).Expired.ToHashSet();
        _honest.RemoveAll(fact => expired.Contains(fact.Id));
        var catalog = await SnapshotCatalog.LoadAsync(scene.Maintainer, CancellationToken.None);
        var standing = catalog.Snapshots.Select(static snapshot => snapshot.Id).ToHashSet();
        if (_isThiefAtWork)
        {
            // With the key of its own series a thief may take places there, as its owner might; in no other one.
            _honest.RemoveAll(fact => fact.Writer == scene.Hosts[^1].Self && !standing.Contains(fact.Id));
            standing.IntersectWith(_honest.Select(static fact => fact.Id));
        }

        Assert.Equal(_honest.Select(static fact => fact.Id).Order(ById), standing.Order(ById));
    }

    private async Task EndYearAsync(int year)
    {
        var members = await scene.BackUpMembersAsync(Erased, plan.Customers);
        Assert.Equal(SnapshotOutcome.Succeeded, members.Outcome);
        Take(members.Snapshot);
        var erasing = await scene.CostOf(() => scene.EraseAsync(Erased, Erased + plan.ErasuresAYear));
        Erased += plan.ErasuresAYear;
        await MaintainAsync(isOfYear: true);
        var rotating = await scene.CostOf(async () => Rotations = (await EpochRotation.RotateAsync(scene.Owner, $"year {year + 1}", CancellationToken.None)).Epoch);
        var opening = await scene.CostOf(async () =>
        {
            using var fresh = await scene.OpenFreshAsync($"year-{year}");
            await SnapshotCatalog.LoadAsync(fresh, CancellationToken.None);
        });
        var live = await scene.LiveBytesAsync();
        var objects = scene.Target.Objects;
        var total = objects.Values.Sum(static bytes => (long)bytes.Length);
        Curve.Add(new YearSample(year + 1)
        {
            Backups = Backups,
            Snapshots = _honest.Count,
            Removed = Removed,
            Erased = Erased,
            RemovalRecords = objects.Keys.Count(static name => name.Value.StartsWith(ObjectNames.Removals, StringComparison.Ordinal)),
            Objects = objects.Count,
            Segments = objects.Keys.Count(static name => name.Value.StartsWith(ObjectNames.IndexSegments, StringComparison.Ordinal)),
            LiveBytes = live,
            PackBytes = objects.Where(static pair => pair.Key.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal)).Sum(static pair => (long)pair.Value.Length),
            PackBytesEver = scene.Counter.PackBytesEver,
            TotalBytes = total,
            MemoryBytes = GC.GetTotalMemory(forceFullCollection: true) - total,
            Backup = Cost.MedianOf(_costs.Backups),
            Removal = Cost.MedianOf(_costs.Removals),
            Collection = Cost.MedianOf(_costs.Collections),
            DearestCollection = Cost.MostOf(_costs.Collections),
            Open = opening,
            Erasure = erasing,
            Rotation = rotating,
        });
        _costs.Clear();
        TestContext.Current.SendDiagnosticMessage(Curve.Samples[^1].ToString());
    }

    /// <summary>The end: an empty machine with the owner's key reads every byte of every snapshot that stands.</summary>
    public async Task CheckAsync()
    {
        using var fresh = await scene.OpenFreshAsync("last");
        var catalog = await SnapshotCatalog.LoadAsync(fresh, CancellationToken.None);
        Assert.Equal(_honest.Select(static fact => fact.Id).Order(ById), catalog.Snapshots.Select(static snapshot => snapshot.Id).Order(ById));
        foreach (var snapshot in catalog.Snapshots)
        {
            Assert.Equal(0, await scene.VerifyAsync(snapshot, catalog, readsData: true));
        }

        foreach (var snapshot in catalog.Snapshots.Where(static snapshot => snapshot.Kind == SnapshotKind.Records))
        {
            Assert.Empty((await RecordScene.ReadAsync(fresh, snapshot, TenYearsScene.NameOf(0))).Records);
            Assert.Empty((await RecordScene.ReadAsync(fresh, snapshot, TenYearsScene.NameOf(Erased - 1))).Records);
            Assert.Single((await RecordScene.ReadAsync(fresh, snapshot, TenYearsScene.NameOf(Erased))).Records);
        }
    }

    private static Comparer<SnapshotId> ById => Comparer<SnapshotId>.Create(static (left, right) => left.Value.CompareTo(right.Value));
}

/// <summary>What one year's actions took.</summary>
internal sealed class YearCosts
{
    public List<Cost> Backups { get; } = [];

    public List<Cost> Removals { get; } = [];

    public List<Cost> Collections { get; } = [];

    public void Clear()
    {
        Backups.Clear();
        Removals.Clear();
        Collections.Clear();
    }
}
