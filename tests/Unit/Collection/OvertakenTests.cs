using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>Readers that work for so long that what they opened is compacted, merged and deleted meanwhile.</summary>
public sealed class OvertakenTests : IDisposable
{
    private static readonly CollectOptions Compacting = new() { MaxUnusedPercent = 30 };

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(-1)]
    public async Task A_restore_looks_again_and_goes_on(int operation)
    {
        using var owner = await _scene.CreateAsync();
        var snapshot = await WorthCompactingAsync(owner);
        if (operation < 0)
        {
            // Before its last one: how many there are depends on how the packs were filled.
            var quiet = new ChaosTarget(_scene.Target, _scene.Time, seed: 1);
            using var other = await _scene.OpenAsync("other", target: quiet);
            quiet.Arm(-1, interruption: null, dieAt: -1, diesAfter: false);
            Assert.Equal(_scene.Expected[snapshot.Id], await ReadBackAsync(other, snapshot));
            operation += quiet.Operations;
        }

        var line = new ChaosTarget(_scene.Target, _scene.Time, seed: 1);
        using var reader = await _scene.OpenAsync("reader", target: line);
        line.Arm(operation, () => CompactAllAsync(owner), dieAt: -1, diesAfter: false);
        Assert.Equal(_scene.Expected[snapshot.Id], await ReadBackAsync(reader, snapshot));
        RequireOvertaken(line, operation);
    }

    [Fact]
    public async Task A_chunk_that_is_lost_all_the_same_is_lost_after_one_look()
    {
        using var owner = await _scene.CreateAsync();
        var snapshot = await WorthCompactingAsync(owner);
        using var index = await ChunkIndexLoader.OpenForReadingAsync(owner, owner.Self, Engine.Telemetry.NullSink.Instance, Token);
        using var fetcher = new ChunkFetcher(owner.RequireReader(), index);
        var lost = owner.RequireReader().OpenOwnerPart(snapshot).ListingRoot!.Page;
        foreach (var pack in _scene.Packs)
        {
            _scene.Target.Remove(ObjectNames.Pack(pack));
        }

        var segments = _scene.CountOf("index/");
        await Assert.ThrowsAsync<Engine.Faults.IntegrityException>(() => fetcher.FetchAsync(lost, Token).AsTask());
        Assert.NotEqual(0, segments);

        // The second does not look: without its segments a look would make it a chunk that nobody knows.
        foreach (var segment in _scene.Target.Objects.Keys.Where(static name => name.Value.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            _scene.Target.Remove(segment);
        }

        var again = await Assert.ThrowsAsync<Engine.Faults.IntegrityException>(() => fetcher.FetchAsync(lost, Token).AsTask());
        Assert.Equal(Engine.Faults.FaultCodes.ChunkUnreadable, again.Code);
        _scene.Time.Advance(Day);
        again = await Assert.ThrowsAsync<Engine.Faults.IntegrityException>(() => fetcher.FetchAsync(lost, Token).AsTask());
        Assert.Equal(Engine.Faults.FaultCodes.ChunkMissing, again.Code);
    }

    [Fact]
    public async Task A_check_reads_what_took_over_and_finds_nothing_wrong()
    {
        using var owner = await _scene.CreateAsync();
        var snapshot = await WorthCompactingAsync(owner);
        var line = new ChaosTarget(_scene.Target, _scene.Time, seed: 1);
        using var reader = await _scene.OpenAsync("reader", target: line);
        var catalog = await SnapshotCatalog.LoadAsync(reader, Token);
        var request = new VerifyRequest(reader.RequireReader(), catalog.Resolve(snapshot.Id.ToString()), catalog) { ReadsData = true };
        line.BeforePack = () => CompactAllAsync(owner);
        var result = await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token);
        Assert.Null(line.BeforePack);
        Assert.Empty(result.Faults);
        Assert.NotEqual(0, _scene.CountOf("relocations/"));
    }

    /// <summary>Meanwhile the marker is void, and a new snapshot needs of the old packs what nothing needed when the others were moved.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_relocation_that_slept_on_its_way_to_the_store_moves_nothing(bool dies)
    {
        using var owner = await _scene.CreateAsync();
        await WorthCompactingAsync(owner);
        using var maintainer = await _scene.OpenAsync("maintainer", target: new SleepyTarget(_scene.Target, LeanOnOldPacksAsync, dies));
        await CollectAsync(owner, Compacting);
        _scene.Time.Advance(Day);
        if (dies)
        {
            await Assert.ThrowsAsync<Engine.Faults.TargetException>(() => CollectAsync(maintainer, Compacting));
            Assert.Empty((await RelocationMap.LoadAsync(owner, Token)).LeftPacks);
        }
        else
        {
            Assert.Equal(0, (await CollectAsync(maintainer, Compacting)).PacksCompacted);
        }

        Assert.Equal(dies ? 1 : 0, _scene.CountOf("relocations/"));
        await _scene.RequireIntactAsync(owner);
        Assert.NotEqual(0, (await _scene.CollectForAsync(owner, 8, new CollectOptions { MaxUnusedPercent = 5 })).PacksDeleted);
        await _scene.RequireIntactAsync(owner);

        async Task LeanOnOldPacksAsync()
        {
            _scene.Time.Advance(2 * Day);
            _scene.Set("file-01.bin", 12_000, seed: 1);
            using var writer = await _scene.OpenAsync("late");
            Assert.InRange((await _scene.BackUpAsync(writer)).ChunksNew, 1, 2);
        }
    }

    /// <summary>The marker was there before the session, so nobody waits for the session; and it is gone when its packs are.</summary>
    [Theory]
    [InlineData(ObjectNames.Packs)]
    [InlineData(ObjectNames.Condemned)]
    public async Task A_backup_that_begins_while_a_sweep_ends_leans_on_nothing_that_went(string listed)
    {
        using var owner = await _scene.CreateAsync();
        _scene.Set("a.bin", 40_000, seed: 1);
        var first = (await _scene.BackUpAsync(owner)).Snapshot.Id;
        _scene.Set("a.bin", 40_000, seed: 2);
        await _scene.BackUpAsync(owner);
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);
        Assert.NotEqual(0, (await CollectAsync(owner)).PacksCondemned);
        _scene.Time.Advance(1.5 * Day);
        var swept = 0L;
        using var writer = await _scene.OpenAsync("writer", target: new MeetingTarget(_scene.Target, listed, async () => swept += (await CollectAsync(owner)).PacksDeleted));
        _scene.Set("a.bin", 40_000, seed: 1);
        await _scene.BackUpAsync(writer);
        Assert.NotEqual(0, swept);
        await _scene.RequireIntactAsync(owner);
    }

    private async Task<Snapshot> WorthCompactingAsync(UnlockedVault owner)
    {
        await _scene.HalfEmptyAsync(owner, owner);
        return Assert.Single((await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots);
    }

    /// <summary>Until no old pack is left.</summary>
    private async Task CompactAllAsync(UnlockedVault owner)
    {
        var old = _scene.Packs;
        Assert.NotEqual(0, (await _scene.CollectForAsync(owner, 8, Compacting)).PacksCompacted);
        Assert.NotEmpty(old.Except(_scene.Packs));
    }

    private void RequireOvertaken(ChaosTarget line, int operation)
    {
        Assert.True(line.Operations > operation, $"It took {line.Operations} operations.");
        Assert.NotEqual(0, _scene.CountOf("relocations/"));
    }

    /// <summary>When a folder has been listed for the first time, something else happens.</summary>
    private sealed class MeetingTarget(Target inner, string folder, Func<Task> meanwhile) : DelegatingTarget(inner)
    {
        private bool _hasMet;

        public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var stat in base.ListAsync(prefix, cancellationToken))
            {
                yield return stat;
            }

            if (!_hasMet && string.Equals(prefix, folder, StringComparison.Ordinal))
            {
                _hasMet = true;
                await meanwhile();
            }
        }
    }

    /// <summary>A relocation is on its way for as long as something else takes.</summary>
    private sealed class SleepyTarget(Target inner, Func<Task> meanwhile, bool dies) : DelegatingTarget(inner)
    {
        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            if (!name.Value.StartsWith(ObjectNames.Relocations, StringComparison.Ordinal))
            {
                return await base.PutAsync(name, content, options, cancellationToken);
            }

            await meanwhile();
            var receipt = await base.PutAsync(name, content, options, cancellationToken);
            return dies ? throw new Engine.Faults.TargetException(Engine.Faults.TargetFault.Unavailable, "The line is dead.") : receipt;
        }
    }
}
