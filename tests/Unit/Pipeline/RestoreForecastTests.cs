using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What a restore takes is known before its first byte, and what cannot fit is refused then.</summary>
public sealed class RestoreForecastTests
{
    private const int MiB = 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_forecast_is_what_the_restore_then_does()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a/one.bin", 9 * MiB, seed: 1);
        scene.WriteRandom("a/two.bin", 3 * MiB, seed: 2);
        scene.WriteRandom("b/three.bin", 100, seed: 3);
        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();

        var forecast = await ForeseeAsync(scene, vault, backup, "source/a/");

        Assert.Equal((2L, 12L * MiB, 0, true), (forecast.Files, forecast.WriteBytes, forecast.Faults.Count, forecast.Fits));
        Assert.InRange(forecast.ReadBytes, 12 * MiB, 14 * MiB);
        Assert.Empty(forecast.MissingEpochs);
        Assert.False(Directory.Exists(scene.RestorePath));
        var result = await scene.RestoreAsync(vault, backup.Snapshot.Id, null, "source/a/");
        Assert.Equal((forecast.Files, forecast.WriteBytes, forecast.Folders), (result.Files, result.Bytes, result.Folders - 1));
    }

    [Fact]
    public async Task What_lies_in_a_pack_that_is_gone_is_named_beforehand()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("first.bin", 2 * MiB, seed: 1);
        await scene.BackUpAsync();
        var before = await PacksAsync(scene.Target);
        scene.WriteRandom("second.bin", 2 * MiB, seed: 2);
        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();
        var owner = await ForeseeAsync(scene, vault, backup);
        Assert.Empty(owner.Faults);
        await scene.Target.DeleteAsync(before[0], Token);

        var forecast = await ForeseeAsync(scene, vault, backup);

        Assert.Equal([(FaultCodes.PackMissing, "source/first.bin")], forecast.Faults.Select(fault => (fault.Code, fault.Path)));
    }

    [Fact]
    public async Task A_place_that_may_not_be_written_to_is_named_beforehand()
    {
        using var mount = TestMount.Tmpfs("8m");
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("file", 100, seed: 1);
        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();
        mount.MakeReadOnly();
        using var destination = DestinationForecast.Of(Path.Combine(mount.FullPath, "not", "there"), DestinationOptions.Default);
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString()));

        var forecast = await RestoreForecaster.RunAsync(request, destination, new RunContext(new ProgressCounters(), scene.Sink), Token);

        Assert.Equal([FaultCodes.DestinationReadOnly], forecast.Faults.Select(static fault => fault.Code));
    }

    [Fact]
    public async Task A_restore_that_cannot_fit_is_refused_before_its_first_byte()
    {
        using var mount = TestMount.Tmpfs("8m");
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("large.bin", 12 * MiB, seed: 1);
        scene.WriteRandom("small.bin", MiB, seed: 2);
        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();

        var refused = await Assert.ThrowsAsync<RequestException>(() => RestoreAsync(scene, vault, backup, mount.FullPath));
        var part = await RestoreAsync(scene, vault, backup, mount.FullPath, "source/small.bin");

        Assert.Equal(FaultCodes.DestinationTooSmall, refused.Code);
        Assert.Equal((1L, 0), (part.Files, part.Faults.Count));
    }

    [Fact]
    public void Roots_on_one_file_system_share_its_room()
    {
        using var mount = TestMount.Tmpfs("8m");
        using var other = TestMount.Tmpfs("16m");
        OriginalPlace[] places = [Place("one", mount), Place("two", mount), Place("three", other)];
        using var destination = DestinationForecast.OfOriginal(places, new DestinationOptions { InPlace = true });

        var spaces = destination.Spaces();

        Assert.Equal([places[0].Path, places[2].Path], spaces.Select(static space => space.Path));
        Assert.Equal([8, 16], spaces.Select(static space => (space.FreeBytes + MiB - 1) / MiB));
        Assert.Equal([places[0].Path, places[0].Path, places[2].Path], places.Select(place => destination.SpaceOf(new Engine.Entries.EntryPath([place.Name.ToArray(), "file"u8.ToArray()]))));
    }

    [Fact]
    public async Task What_fits_root_by_root_and_not_together_is_refused()
    {
        using var mount = TestMount.Tmpfs("8m");
        using var scene = await PipelineScene.CreateAsync();
        var roots = new[] { "one", "two" }.Select(name => Directory.CreateDirectory(scene.Folder[name]).FullName).ToArray();
        foreach (var root in roots)
        {
            await File.WriteAllBytesAsync(Path.Combine(root, "file.bin"), System.Security.Cryptography.RandomNumberGenerator.GetBytes(6 * MiB), Token);
        }

        using var vault = await scene.UnlockAsync();
        using var source = Engine.Sources.FileSystemSource.Open(new Engine.Sources.FileSystemSourceOptions { Roots = Engine.Sources.RootNames.Assign(roots) }, scene.Time);
        var backup = await BackupCorridor.RunAsync(vault, source, PipelineScene.Options, new RunContext(new ProgressCounters(), scene.Sink), Token);
        using var destination = DestinationForecast.OfOriginal([Place("one", mount), Place("two", mount)], new DestinationOptions { InPlace = true });

        var forecast = await RestoreForecaster.RunAsync(await RequestAsync(vault, backup, []), destination, new RunContext(new ProgressCounters(), scene.Sink), Token);

        Assert.False(forecast.Fits);
        Assert.Equal(mount.FullPath, Path.GetDirectoryName(Assert.Single(forecast.Spaces).Path));
        Assert.InRange(forecast.Spaces[0].NeededBytes, 12 * MiB, 13 * MiB);
    }

    [Fact]
    public async Task A_sparse_file_counts_by_what_it_holds()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The hole is made by a Linux file system.");
        using var mount = TestMount.Tmpfs("8m");
        using var scene = await PipelineScene.CreateAsync();
        await using (var file = File.Create(Path.Combine(scene.SourcePath, "sparse.bin")))
        {
            file.SetLength(64 * MiB);
            file.Write([1, 2, 3]);
        }

        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();

        var result = await RestoreAsync(scene, vault, backup, mount.FullPath);

        Assert.Equal((1L, 0), (result.Files, result.Faults.Count));
    }

    [Fact]
    public async Task A_destination_that_fills_up_keeps_what_is_whole_and_the_next_run_goes_on()
    {
        using var mount = TestMount.Tmpfs("8m");
        using var scene = await PipelineScene.CreateAsync();
        for (var i = 0; i < 12; i++)
        {
            scene.WriteRandom($"{i:D2}.bin", MiB, seed: i);
        }

        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();
        var destination = Path.Combine(mount.FullPath, "out");

        var full = await Assert.ThrowsAsync<DestinationException>(() => RestoreAsync(scene, vault, backup, destination, asksForRoom: false));

        Assert.Equal(FaultCodes.DestinationFull, full.Code);
        var whole = Directory.GetFiles(Path.Combine(destination, "source"), "*.bin");
        Assert.NotEmpty(whole);
        Assert.All(whole, path => Assert.Equal(File.ReadAllBytes(Path.Combine(scene.SourcePath, Path.GetFileName(path))), File.ReadAllBytes(path)));
        Assert.Empty(Directory.GetFiles(destination, ".securebackup-*", SearchOption.AllDirectories));

        mount.Resize("32m");
        var entries = new List<RestoredEntry>();
        var result = await RestoreAsync(scene, vault, backup, destination, asksForRoom: true, entries: entries);
        Assert.Equal((12 - whole.Length, 0), ((int)result.Files, result.Faults.Count));
        Assert.Equal(whole.Length, entries.Count(entry => entry is { Verdict: RestoreVerdict.Unchanged, Kind: Engine.Entries.EntryKind.File }));
    }

    private static OriginalPlace Place(string name, TestMount mount) =>
        new(System.Text.Encoding.UTF8.GetBytes(name), Directory.CreateDirectory(Path.Combine(mount.FullPath, name)).FullName);

    private static async Task<RestoreForecast> ForeseeAsync(PipelineScene scene, UnlockedVault vault, BackupResult backup, params string[] include)
    {
        using var destination = DestinationForecast.Of(scene.RestorePath, DestinationOptions.Default);
        return await RestoreForecaster.RunAsync(await RequestAsync(vault, backup, include), destination, new RunContext(new ProgressCounters(), scene.Sink), Token);
    }

    private static Task<RestoreResult> RestoreAsync(PipelineScene scene, UnlockedVault vault, BackupResult backup, string folder, params string[] include) =>
        RestoreAsync(scene, vault, backup, folder, asksForRoom: true, include: include);

    private static async Task<RestoreResult> RestoreAsync(
        PipelineScene scene, UnlockedVault vault, BackupResult backup, string folder, bool asksForRoom, List<RestoredEntry>? entries = null, string[]? include = null)
    {
        var options = new DestinationOptions { InPlace = true };
        using var forecast = DestinationForecast.Of(folder, options);
        var request = await RequestAsync(vault, backup, include ?? []) with { Room = asksForRoom ? forecast : null, OnEntry = entries is null ? null : entries.Add };
        await using var door = FileSystemDestination.Open(folder, options);
        return await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token);
    }

    private static async Task<RestoreRequest> RequestAsync(UnlockedVault vault, BackupResult backup, string[] include) =>
        new(vault.RequireReader(), (await SnapshotCatalog.LoadAsync(vault, Token)).Resolve(backup.Snapshot.Id.ToString())) { Include = include };

    private static async Task<List<ObjectName>> PacksAsync(Target target) =>
        [.. (await target.ListAsync(ObjectNames.Packs, Token).ToListAsync(Token)).OrderByDescending(stat => stat.LengthBytes).Select(stat => stat.Name)];
}
