using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

public sealed class CollectCorridorTests : IDisposable
{
    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task What_a_removed_snapshot_alone_needed_is_marked_waits_and_goes()
    {
        using var owner = await _scene.CreateAsync();
        var (first, kept) = await TwoSnapshotsAsync(owner);
        await _scene.RemoveAsync(owner, first);
        var before = _scene.BytesOf("packs/");
        Assert.Equal(0, (await CollectAsync(owner)).PacksCondemned);

        _scene.Time.Advance(Day + TimeSpan.FromMinutes(1));
        var marked = await CollectAsync(owner);
        Assert.Equal((before, before), (marked.BytesBefore, marked.BytesAfter));
        Assert.InRange(marked.PacksCondemned, 2, 20);
        Assert.Equal(0, marked.PacksDeleted);
        Assert.Equal(Day, marked.NextDue - _scene.Time.GetUtcNow());
        Assert.Equal(1, _scene.CountOf("condemned/"));

        var idle = await CollectAsync(owner);
        Assert.Equal((0, 0, marked.NextDue), (idle.PacksCondemned, idle.PacksDeleted, idle.NextDue));

        _scene.Time.Advance(Day);
        var swept = await CollectAsync(owner);
        Assert.Equal((marked.PacksCondemned, marked.BytesCondemned), (swept.PacksDeleted, swept.BytesDeleted));
        Assert.Equal(_scene.BytesOf("packs/"), swept.BytesAfter);
        Assert.Equal(before - marked.BytesCondemned, swept.BytesAfter);
        Assert.Equal(0, _scene.CountOf("condemned/"));
        Assert.Equal([kept], _scene.Expected.Keys);
        await _scene.RequireIntactAsync(owner);
        Assert.Equal(0, (await _scene.BackUpAsync(owner)).BytesStored);
    }

    [Fact]
    public async Task With_more_than_one_target_attached_nothing_is_collected()
    {
        using var owner = await _scene.CreateAsync();
        var (here, there) = (new TargetAttached(Id256.Random(), "here"), new TargetAttached(Id256.Random(), "there"));
        await owner.AppendAsync([here], Token);
        await CollectAsync(owner);
        await owner.AppendAsync([there], Token);
        var refusal = await Assert.ThrowsAsync<VaultException>(() => CollectAsync(owner));
        Assert.Equal(FaultCodes.CollectionNeedsAllTargets, refusal.Code);
        Assert.Contains("'here', 'there'", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(FaultCodes.CollectionNeedsAllTargets, (await Assert.ThrowsAsync<VaultException>(() => CollectCorridor.PlanAsync(owner, CollectOptions.Default, Token))).Code);
        await owner.AppendAsync([new TargetDetached(there.Id)], Token);
        await CollectAsync(owner);
    }

    [Fact]
    public async Task A_plan_says_what_a_run_then_does_and_writes_nothing()
    {
        using var owner = await _scene.CreateAsync();
        var (first, _) = await TwoSnapshotsAsync(owner);
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);
        var before = _scene.Target.Objects.Keys.ToList();
        var plan = await CollectCorridor.PlanAsync(owner, CollectOptions.Default, Token);
        Assert.Equal(before, _scene.Target.Objects.Keys);
        var run = await CollectAsync(owner);
        Assert.Equal((run.PacksCondemned, run.BytesCondemned), (plan.PacksCondemned, plan.BytesCondemned));
        _scene.Time.Advance(Day);
        plan = await CollectCorridor.PlanAsync(owner, CollectOptions.Default, Token);
        run = await CollectAsync(owner);
        Assert.Equal((run.PacksDeleted, run.BytesDeleted, run.BytesAfter), (plan.PacksDeleted, plan.BytesDeleted, plan.BytesAfter));
        Assert.NotEqual(0, run.PacksDeleted);
    }

    [Fact]
    public async Task A_run_that_began_before_the_marker_is_waited_for_and_what_it_came_to_need_stays()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "writer");
        using var again = await _scene.OpenAsync("writer", _scene["writer.key"]);
        _scene.Set("a.bin", 200_000, seed: 1);
        var first = (await _scene.BackUpAsync(writer)).Snapshot.Id;
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);

        // The run finds everything known, and then takes its time.
        CollectResult? meanwhile = null;
        var source = new MemorySource(_scene.Files)
        {
            OnWalked = () =>
            {
                var condemned = CollectAsync(owner).GetAwaiter().GetResult();
                Assert.NotEqual(0, condemned.PacksCondemned);
                Pass(TimeSpan.FromHours(25), TimeSpan.FromHours(2));
                meanwhile = CollectAsync(owner).GetAwaiter().GetResult();
            },
        };
        var second = await BackupCorridor.RunAsync(again, source, OptionsFor("shop"), RunContext.Unwatched, Token);
        _scene.Expected[second.Snapshot.Id] = Picture(_scene.Files);
        Assert.Equal(0, second.ChunksNew);
        Assert.Equal(0, meanwhile!.PacksDeleted);
        Assert.NotNull(meanwhile.NextDue);
        var after = await CollectAsync(owner);
        Assert.Equal(0, after.PacksDeleted);
        Assert.NotEqual(0, after.PacksLifted);
        await _scene.CollectForAsync(owner, 5);
        Assert.Equal(0, _scene.CountOf("condemned/"));
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_session_without_an_end_is_waited_for_until_it_lapses()
    {
        using var owner = await _scene.CreateAsync();
        var (first, _) = await TwoSnapshotsAsync(owner);
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);
        await using (await WriterSession.BeginAsync(owner, Token))
        {
            _scene.Time.Advance(TimeSpan.FromMinutes(1));
            Assert.NotEqual(0, (await CollectAsync(owner)).PacksCondemned);
            Pass(TimeSpan.FromHours(24), TimeSpan.FromHours(3));
            Assert.Equal(0, (await CollectAsync(owner)).PacksDeleted);
        }

        // It was never ended: 24 hours after its last announcement it is over, by which time the marker is in its last eighth and is renewed.
        _scene.Time.Advance(Day);
        await CollectAsync(owner);
        _scene.Time.Advance(Day + TimeSpan.FromHours(1));
        Assert.NotEqual(0, (await CollectAsync(owner)).PacksDeleted);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_marker_that_is_too_old_is_void_and_renewed_and_nothing_is_deleted_under_it()
    {
        using var owner = await _scene.CreateAsync();
        var (first, _) = await TwoSnapshotsAsync(owner);
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);
        var packs = (await CollectAsync(owner)).PacksCondemned;
        _scene.Time.Advance(TimeSpan.FromHours(47));
        Assert.Equal((packs, 0), ((await CollectAsync(owner)).PacksCondemned, 0));
        Assert.Equal(2, _scene.CountOf("condemned/"));
        _scene.Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(0, (await CollectAsync(owner)).PacksDeleted);
        Assert.Equal(1, _scene.CountOf("condemned/"));
        _scene.Time.Advance(Day);
        Assert.Equal(packs, (await CollectAsync(owner)).PacksDeleted);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_time_limit_ends_it_and_the_next_call_goes_on()
    {
        using var owner = await _scene.CreateAsync();
        var (first, _) = await TwoSnapshotsAsync(owner);
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);
        var packs = (await CollectAsync(owner)).PacksCondemned;
        _scene.Time.Advance(Day);
        using var slow = await _scene.OpenAsync(target: new SlowTarget(_scene.Target, () => _scene.Time.Advance(TimeSpan.FromMinutes(1))));
        var deleted = 0L;
        for (var turn = 0; turn < 20 && deleted < packs; turn++)
        {
            var part = await CollectAsync(slow, new CollectOptions { TimeLimit = TimeSpan.FromMinutes(1) });
            Assert.InRange(part.PacksDeleted, 0, 8);
            deleted += part.PacksDeleted;
            Assert.True(part.HasMoreToDo || deleted == packs);
        }

        Assert.Equal(packs, deleted);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task A_snapshot_that_is_missing_or_damaged_stops_it_and_nothing_is_deleted()
    {
        using var owner = await _scene.CreateAsync();
        var (first, second) = await TwoSnapshotsAsync(owner);
        _scene.Set("c.bin", 100_000, seed: 9);
        var third = (await _scene.BackUpAsync(owner)).Snapshot.Id;
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);
        await CollectAsync(owner);
        _scene.Time.Advance(Day);
        var packs = _scene.Packs;

        await RefusedWithoutAsync(ObjectNames.Manifest(second), FaultCodes.CollectionStopped);
        var newest = _scene.Target.Objects[ObjectNames.Manifest(third)].ToArray();
        newest[200] ^= 1;
        _scene.Target.Replace(ObjectNames.Manifest(third), newest);
        await RefusedAsync(owner, FaultCodes.CollectionStopped);
        newest[200] ^= 1;
        _scene.Target.Replace(ObjectNames.Manifest(third), newest);
        var page = _scene.Target.Objects.Keys.First(static name => name.Value.StartsWith("refs/", StringComparison.Ordinal));
        foreach (var name in _scene.Target.Objects.Keys.Where(static name => name.Value.StartsWith("refs/", StringComparison.Ordinal)).ToList())
        {
            page = name;
            var live = (await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots.SelectMany(static snapshot => snapshot.ReferencePages);
            if (live.Any(id => ObjectNames.ReferencePage(id) == name))
            {
                await RefusedWithoutAsync(name, FaultCodes.ReferenceSetUnreadable);
            }
        }

        Assert.Equal(packs, _scene.Packs);
        Assert.NotEqual(0, (await CollectAsync(owner)).PacksDeleted);
        await _scene.RequireIntactAsync(owner);

        async Task RefusedWithoutAsync(ObjectName name, FaultCode code)
        {
            var bytes = _scene.Target.Objects[name].ToArray();
            Assert.True(_scene.Target.Remove(name));
            await RefusedAsync(owner, code);
            _scene.Target.Replace(name, bytes);
        }
    }

    [Fact]
    public async Task Nobody_without_the_right_collects_and_no_target_that_lags_beyond_the_grace_time()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "writer");
        Assert.Equal(FaultCodes.NotAMaintainer, (await Assert.ThrowsAsync<RequestException>(() => CollectAsync(writer))).Code);
        Assert.Equal(
            FaultCodes.CollectionOutOfRange,
            (await Assert.ThrowsAsync<RequestException>(() => CollectAsync(owner, new CollectOptions { TimeLimit = TimeSpan.Zero }))).Code);
        foreach (var (lag, isAllowed) in new (TimeSpan?, bool)[] { (null, false), (TimeSpan.FromHours(13), false), (TimeSpan.FromHours(1), true) })
        {
            using var vault = await _scene.OpenAsync(target: new LaggingTarget(_scene.Target, lag));
            if (isAllowed)
            {
                await CollectAsync(vault);
                continue;
            }

            var refusal = await Assert.ThrowsAsync<VaultException>(() => CollectAsync(vault));
            Assert.Equal(FaultCodes.CollectionUnsafeHere, refusal.Code);
            Assert.Contains(nameof(TargetCapabilities.ListAfterWrite), refusal.Message, StringComparison.Ordinal);
        }
    }

    private static async Task RefusedAsync(UnlockedVault vault, FaultCode code) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<VaultException>(() => CollectAsync(vault))).Code);

    /// <summary>The first has a file that the second has not.</summary>
    private async Task<(SnapshotId First, SnapshotId Second)> TwoSnapshotsAsync(UnlockedVault vault)
    {
        _scene.Set("a.bin", 200_000, seed: 1);
        var first = (await _scene.BackUpAsync(vault)).Snapshot.Id;
        _scene.Files.Remove("a.bin");
        _scene.Set("b.bin", 150_000, seed: 2);
        _scene.Time.Advance(TimeSpan.FromHours(1));
        return (first, (await _scene.BackUpAsync(vault)).Snapshot.Id);
    }

    /// <summary>Time passes in small steps, so that whoever is awake renews its session.</summary>
    private void Pass(TimeSpan time, TimeSpan step)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += step)
        {
            _scene.Time.Advance(step);
            Thread.Sleep(5);
        }
    }

    private sealed class SlowTarget(Target inner, Action pass) : DelegatingTarget(inner)
    {
        public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);

        public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
        {
            if (name.Value.StartsWith("packs/", StringComparison.Ordinal))
            {
                pass();
            }

            return base.DeleteAsync(name, cancellationToken);
        }
    }

    private sealed class LaggingTarget(Target inner, TimeSpan? lag) : DelegatingTarget(inner)
    {
        public override TargetCapabilities Capabilities => base.Capabilities with { ListAfterWrite = false, MaxListLag = lag };
    }
}
