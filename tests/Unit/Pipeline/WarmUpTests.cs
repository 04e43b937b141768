using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What a restore needs and lies in an archive is asked for at once; what it does not need is left there, and nothing is asked for twice.</summary>
public sealed class WarmUpTests : IAsyncDisposable
{
    private const int PackBytes = 1 << 20;

    private static readonly WarmOptions Options = new(TimeSpan.FromDays(3));

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    private readonly MemoryTarget _store;
    private readonly AskedTarget _asked;

    public WarmUpTests()
    {
        _store = new MemoryTarget(_clock, new MemoryTargetOptions { HasColdStorage = true, WarmsWithin = TimeSpan.FromHours(5) });
        _asked = new AskedTarget(_store);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _asked.DisposeAsync();
        await _store.DisposeAsync();
    }

    [Fact]
    public async Task All_that_a_whole_snapshot_needs_is_asked_for_in_one_go_although_its_listing_lies_there_too()
    {
        using var scene = await PipelineScene.CreateAsync(_asked, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 4 * PackBytes, seed: 1);
        var backup = await scene.BackUpAsync();
        scene.WriteRandom("a.bin", 3 * PackBytes, seed: 2);
        await scene.BackUpAsync();
        await FreezeAllAsync();

        var forecast = await ForeseeAsync(scene, backup);
        var asked = await Assert.ThrowsAsync<TargetException>(() => WarmUp.RequireReadableAsync(_asked, forecast.Cold, Options, Cancel));

        Assert.Equal((long)backup.Snapshot.PackCount, forecast.Cold.Count);
        Assert.Equal((long)backup.Snapshot.ContentBytes, forecast.WriteBytes);
        Assert.True(forecast.Spaces[0].NeededBytes >= forecast.WriteBytes);
        Assert.InRange(forecast.Cold.Count, 5, (await PacksAsync()).Count - 3);
        Assert.Equal(FaultCodes.TargetCold, asked.Code);
        Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"{forecast.Cold.Count} pack(s) of {forecast.Cold.Bytes:N0} bytes"), asked.Message, StringComparison.Ordinal);
        Assert.Contains($"{forecast.Cold.Count} were asked for now, 0 before. They can be read within 5 hour(s)", asked.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("more may be needed", asked.Message, StringComparison.Ordinal);
        Assert.Equal(forecast.Cold.Count, _asked.Names.Distinct().Count());

        var again = await ForeseeAsync(scene, backup);
        var before = await Assert.ThrowsAsync<TargetException>(() => WarmUp.RequireReadableAsync(_asked, again.Cold, Options, Cancel));
        Assert.Contains($"0 were asked for now, {forecast.Cold.Count} before.", before.Message, StringComparison.Ordinal);
        Assert.Equal(again.Cold.Count, again.Cold.Warming);

        _clock.Advance(TimeSpan.FromHours(5));
        var ready = await ForeseeAsync(scene, backup);
        await WarmUp.RequireReadableAsync(_asked, ready.Cold, Options, Cancel);
        Assert.Equal(0, ready.Cold.Count);
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
    }

    [Fact]
    public async Task A_missing_page_of_the_reference_set_is_named_and_the_listing_is_asked_for()
    {
        using var scene = await PipelineScene.CreateAsync(_asked, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 2 * PackBytes, seed: 1);
        var backup = await scene.BackUpAsync();
        await FreezeAllAsync();
        Assert.True(_store.Remove(ObjectNames.ReferencePage(backup.Snapshot.ReferencePages[0])));

        var forecast = await ForeseeAsync(scene, backup);

        Assert.Contains(forecast.Faults, static fault => (fault.Code, fault.Path) == (FaultCodes.TargetNotFound, "(reference set)"));
        Assert.Equal((1, true), (forecast.Cold.Count, forecast.Cold.MayBeMore));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_several_snapshots_need_is_asked_for_in_one_go_also_where_their_word_is_damaged(bool isDamaged)
    {
        using var scene = await PipelineScene.CreateAsync(_asked, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 2 * PackBytes, seed: 1);
        var first = await scene.BackUpAsync();
        scene.WriteRandom("a.bin", 2 * PackBytes, seed: 2);
        var second = await scene.BackUpAsync();
        await FreezeAllAsync();
        Assert.True(!isDamaged || _store.Remove(ObjectNames.ReferencePage(first.Snapshot.ReferencePages[0])));
        using var vault = await scene.UnlockAsync();

        var needed = await ColdPacks.OfSnapshotsAsync(vault, [first.Snapshot, second.Snapshot], Cancel);
        await Assert.ThrowsAsync<TargetException>(() => WarmUp.RequireReadableAsync(_asked, needed, Options, Cancel));

        Assert.Equal([.. (await PacksAsync()).Order()], _asked.Names.Order());
    }

    [Fact]
    public async Task A_part_is_asked_for_level_by_level_and_nothing_beside_it()
    {
        using var scene = await PipelineScene.CreateAsync(_asked, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 3 * PackBytes, seed: 1);
        await scene.BackUpAsync();
        scene.WriteRandom("b.bin", 3 * PackBytes, seed: 2);
        var backup = await scene.BackUpAsync();
        await FreezeAllAsync();

        var found = await ForeseeAsync(scene, backup, "source/b.bin");
        var listing = await Assert.ThrowsAsync<TargetException>(() => WarmUp.RequireReadableAsync(_asked, found.Cold, Options, Cancel));
        Assert.Equal(1, found.Cold.Count);
        Assert.Contains("more may be needed", listing.Message, StringComparison.Ordinal);
        Assert.Contains(found.Faults, static fault => fault.Code == FaultCodes.TargetCold);

        _clock.Advance(TimeSpan.FromHours(5));
        var then = await ForeseeAsync(scene, backup, "source/b.bin");
        Assert.False(then.Cold.MayBeMore);
        Assert.InRange(then.Cold.Count, 3, 4);
        await Assert.ThrowsAsync<TargetException>(() => WarmUp.RequireReadableAsync(_asked, then.Cold, Options, Cancel));

        _clock.Advance(TimeSpan.FromHours(5));
        Assert.Equal(0, (await ForeseeAsync(scene, backup, "source/b.bin")).Cold.Count);
        var result = await scene.RestoreAsync(backup.Snapshot.Id, null, "source/b.bin");
        Assert.Equal((1L, 0), (result.Files, result.Faults.Count));
        Assert.Equal(found.Cold.Count + then.Cold.Count, _asked.Names.Distinct().Count());
    }

    [Fact]
    public async Task Where_nothing_is_cold_nothing_is_asked()
    {
        using var scene = await PipelineScene.CreateAsync(_asked, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", PackBytes, seed: 1);
        var backup = await scene.BackUpAsync();
        var needed = (await ForeseeAsync(scene, backup)).Cold;
        using var vault = await scene.UnlockAsync();

        await WarmUp.RequireReadableAsync(_asked, needed, Options, Cancel);

        Assert.Equal((0, 0L, false), (needed.Count, needed.Bytes, needed.MayBeMore));
        Assert.Equal(0, (await ColdPacks.OfSnapshotsAsync(vault, [backup.Snapshot], Cancel)).Count);
        Assert.Empty(_asked.Names);
    }

    [Fact]
    public async Task A_refusal_to_warm_is_the_runs_error()
    {
        using var scene = await PipelineScene.CreateAsync(_asked, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", PackBytes, seed: 1);
        var backup = await scene.BackUpAsync();
        await FreezeAllAsync();
        var needed = (await ForeseeAsync(scene, backup)).Cold;

        _asked.Refusal = new TargetException(TargetFault.AccessDenied, "no");

        Assert.Same(_asked.Refusal, await Assert.ThrowsAsync<TargetException>(() => WarmUp.RequireReadableAsync(_asked, needed, Options, Cancel)));
    }

    [Fact]
    public async Task A_cold_list_of_chunks_costs_its_file_alone_and_is_asked_for()
    {
        using var scene = await PipelineScene.CreateAsync(_asked, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 5 * PackBytes, seed: 1);
        scene.Write("b.txt", "old"u8);
        await scene.BackUpAsync();
        var first = await PacksAsync();
        scene.Write("b.txt", "newer"u8);
        var backup = await scene.BackUpAsync();
        first.ForEach(_store.Freeze);

        var part = await ForeseeAsync(scene, backup, "source/a.bin");
        var whole = await ForeseeAsync(scene, backup);
        var result = await scene.RestoreAsync(backup.Snapshot.Id);

        Assert.Equal((1, true), (part.Cold.Count, part.Cold.MayBeMore));
        Assert.InRange(whole.Cold.Count, 6, first.Count);
        Assert.False(whole.Cold.MayBeMore);
        Assert.Equal([(FaultCodes.TargetCold, "source/a.bin")], result.Faults.Select(static fault => (fault.Code, fault.Path)));
        Assert.Equal("newer", File.ReadAllText(Path.Combine(scene.RestorePath, "source", "b.txt")));
    }

    private async Task<RestoreForecast> ForeseeAsync(PipelineScene scene, BackupResult backup, params string[] include)
    {
        using var vault = await scene.UnlockAsync();
        using var destination = DestinationForecast.Of(scene.RestorePath, DestinationOptions.Default);
        var request = new RestoreRequest(vault.RequireReader(), (await SnapshotCatalog.LoadAsync(vault, Cancel)).Resolve(backup.Snapshot.Id.ToString())) { Include = include };
        return await RestoreForecaster.RunAsync(request, destination, new RunContext(new ProgressCounters(), scene.Sink), Cancel);
    }

    private async Task FreezeAllAsync() => (await PacksAsync()).ForEach(_store.Freeze);

    private async Task<List<ObjectName>> PacksAsync() => await _store.ListAsync("packs/", Cancel).Select(static stat => stat.Name).ToListAsync(Cancel);

    private sealed class AskedTarget(Target inner) : DelegatingTarget(inner)
    {
        public ConcurrentQueue<ObjectName> Names { get; } = [];

        public TargetException? Refusal { get; set; }

        public override async Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken)
        {
            if (Refusal is not null)
            {
                throw Refusal;
            }

            Names.Enqueue(name);
            return await base.WarmAsync(name, options, cancellationToken);
        }
    }
}
