using System.Runtime.Versioning;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What lies in an archive is neither lost nor damaged: it is named, with what to do, and the rest goes on.</summary>
public sealed class ColdPackTests : IAsyncDisposable
{
    private const int PackBytes = 1 << 20;

    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { HasColdStorage = true });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task A_restore_names_the_files_whose_packs_are_cold_and_restores_the_others()
    {
        using var scene = await PipelineScene.CreateAsync(_store, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 6 * PackBytes, seed: 1);
        scene.Write("b.txt", "small"u8);
        var backup = await scene.BackUpAsync();
        var cold = (await PacksAsync()).OrderByDescending(static pack => pack.StoreTime).ThenBy(static pack => pack.Name.Value, StringComparer.Ordinal).ToList();
        var restored = 0;

        foreach (var pack in cold)
        {
            _store.Freeze(pack.Name);
            var place = scene.Folder[$"back-{restored}"];
            try
            {
                var result = await scene.RestoreAsync(backup.Snapshot.Id, place);
                Assert.All(result.Faults, fault => Assert.Equal(FaultCodes.TargetCold, fault.Code));
                restored += result.Faults.Count(static fault => fault.Path.EndsWith("a.bin", StringComparison.Ordinal)) == 1 ? 1 : 0;
                Assert.Equal(result.Faults.Count == 0, File.Exists(Path.Combine(place, "source", "a.bin")));
            }
            catch (TargetException exception)
            {
                // The listing's own pack.
                Assert.Equal(TargetFault.Cold, exception.Fault);
            }

            await WarmAsync(pack.Name);
        }

        Assert.InRange(restored, 1, cold.Count);
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
    }

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task In_place_a_file_whose_list_of_chunks_is_cold_is_named_and_the_others_are_restored()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The restore in place of these tests is that of Linux.");
        using var scene = await PipelineScene.CreateAsync(_store, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 5 * PackBytes, seed: 1);
        await scene.BackUpAsync();
        var first = await PacksAsync();
        scene.Write("b.txt", "newer"u8);
        var backup = await scene.BackUpAsync();
        first.ForEach(pack => _store.Freeze(pack.Name));
        scene.Write("b.txt", "spoilt"u8);

        var (result, _) = await InPlaceTests.RestoreInPlaceAsync(scene, backup);

        Assert.Equal([(FaultCodes.TargetCold, "source/a.bin")], result.Faults.Select(static fault => (fault.Code, fault.Path)));
        Assert.Equal("newer", File.ReadAllText(Path.Combine(scene.SourcePath, "b.txt")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_check_ends_with_what_is_cold_and_calls_nothing_damaged(bool readsData)
    {
        using var scene = await PipelineScene.CreateAsync(_store, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 3 * PackBytes, seed: 1);
        var backup = await scene.BackUpAsync();
        var packs = await PacksAsync();
        var ended = 0;
        foreach (var pack in packs)
        {
            _store.Freeze(pack.Name);
            try
            {
                // The structure alone needs one pack of them: that of the listing.
                Assert.Empty((await scene.VerifyAsync(backup.Snapshot.Id, readsData)).Faults);
            }
            catch (TargetException exception)
            {
                Assert.Equal(TargetFault.Cold, exception.Fault);
                ended++;
            }

            await WarmAsync(pack.Name);
        }

        Assert.Equal(readsData ? packs.Count : 1, ended);

        Assert.Empty((await scene.VerifyAsync(backup.Snapshot.Id)).Faults);
    }

    private async Task<List<ObjectStat>> PacksAsync() => await _store.ListAsync("packs/", Cancel).ToListAsync(Cancel);

    private async Task WarmAsync(ObjectName name) => Assert.Equal(ObjectAccess.Ready, (await _store.WarmAsync(name, new WarmOptions(TimeSpan.FromDays(1)), Cancel)).Access);
}
