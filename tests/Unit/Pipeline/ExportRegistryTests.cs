using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>Packages are copies of personal data: they go when they are over, and with their customer.</summary>
public sealed class ExportRegistryTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 5, 1, 0, 0, 0, TimeSpan.Zero));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a.zip")]
    [InlineData("a")]
    public async Task A_package_goes_when_it_has_expired_and_not_before(string name)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        var path = scene.Folder[name];
        await ExportScene.ExportAsync(vault, scene, "3", path);
        var registry = new ExportRegistry(vault);
        _time.Advance(TimeSpan.FromDays(29));
        Assert.Empty(await registry.RemoveExpiredAsync(Token));
        Assert.True(Path.Exists(path));
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal([path], await registry.RemoveExpiredAsync(Token));
        Assert.False(Path.Exists(path));
        Assert.Empty(await registry.RemoveExpiredAsync(Token));
    }

    [Fact]
    public async Task The_packages_of_one_customer_go_and_those_of_others_stay()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        await ExportScene.ExportAsync(vault, scene, "3", scene.Folder["three"]);
        await ExportScene.ExportAsync(vault, scene, "4", scene.Folder["four.zip"]);
        await ExportScene.ExportAsync(vault, scene, "3", scene.Folder["three.zip"]);
        Assert.Equal(["three", "three.zip"], (await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token)).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.False(Path.Exists(scene.Folder["three"]));
        Assert.False(Path.Exists(scene.Folder["three.zip"]));
        Assert.True(File.Exists(scene.Folder["four.zip"]));
    }

    [Fact]
    public async Task What_stands_at_the_place_of_a_package_by_now_is_left_alone()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        await ExportScene.ExportAsync(vault, scene, "3", scene.Folder["a.zip"]);
        await ExportScene.ExportAsync(vault, scene, "3", scene.Folder["b"]);
        File.Delete(scene.Folder["a.zip"]);
        File.WriteAllText(scene.Folder["a.zip"], "my own work");
        File.WriteAllText(scene.Folder["b/notes.txt"], "laid beside it");
        await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token);
        Assert.Equal("my own work", File.ReadAllText(scene.Folder["a.zip"]));
        Assert.Equal([scene.Folder["b/notes.txt"]], Directory.EnumerateFileSystemEntries(scene.Folder["b"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task The_registry_names_nobody_and_a_damaged_one_is_a_warning()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        await ExportScene.ExportAsync(vault, scene, "3", scene.Folder["a.zip"]);
        var file = Path.Combine(vault.Host.FolderOf(vault.Id), "exports");
        var bytes = File.ReadAllBytes(file);
        Assert.Equal(-1, bytes.AsSpan().IndexOf("a.zip"u8));
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.Contains(scene.Sink.Events, item => item.Code == FaultCodes.HostStateUnusable);
    }

    [Fact]
    public async Task A_clock_that_was_set_back_deletes_nothing_early_and_a_disk_that_is_away_is_waited_for()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        Directory.CreateDirectory(scene.Folder["disk"]);
        await ExportScene.ExportAsync(vault, scene, "3", scene.Folder["disk/a"]);
        var registry = new ExportRegistry(vault);
        scene.Time = new FakeTimeProvider(_time.GetUtcNow().AddYears(-3));
        using (var early = await scene.UnlockAsync())
        {
            Assert.Empty(await new ExportRegistry(early).RemoveExpiredAsync(Token));
        }

        _time.Advance(TimeSpan.FromDays(31));
        Directory.Move(scene.Folder["disk"], scene.Folder["unplugged"]);
        Assert.Empty(await registry.RemoveExpiredAsync(Token));
        Directory.Move(scene.Folder["unplugged"], scene.Folder["disk"]);
        Assert.Equal([scene.Folder["disk/a"]], await registry.RemoveExpiredAsync(Token));
    }

    [Fact]
    public async Task The_memory_of_another_host_deletes_nothing_here_but_its_own_package()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        var path = scene.Folder["a"];
        await ExportScene.ExportAsync(vault, scene, "3", path);
        var known = await File.ReadAllBytesAsync(Path.Combine(vault.Host.FolderOf(vault.Id), "exports"), Token);
        Directory.Delete(path, recursive: true);
        await ExportScene.ExportAsync(vault, scene, "4", path);
        await File.WriteAllBytesAsync(Path.Combine(vault.Host.FolderOf(vault.Id), "exports"), known, Token);

        var before = ExportScene.Picture(scene);
        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.Equal(before, ExportScene.Picture(scene));
    }

    [Theory]
    [InlineData("a.zip")]
    [InlineData("a")]
    public async Task A_package_waits_for_its_hand_over_from_its_beginning_until_it_is_moved_or_expires(string name)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        var (registry, path) = (new ExportRegistry(vault), scene.Folder[name]);
        var (three, package) = (vault.Keys.PseudonymOf("3"), ExportScene.Package(vault, "3", []));
        await registry.AddAsync(package, path, Token);
        Assert.Empty(registry.PendingOfSubject(three));
        using (var writer = SubjectPackageWriter.Begin(package, path))
        {
            Assert.Equal([path], registry.PendingOfSubject(three));
            await writer.WriteAsync(package, Token);
        }

        Assert.Equal([path], registry.PendingOfSubject(three));
        Assert.Empty(registry.PendingOfSubject(vault.Keys.PseudonymOf("4")));
        Directory.Move(path, scene.Folder["handed over"]);
        Assert.Empty(registry.PendingOfSubject(three));
        Directory.Move(scene.Folder["handed over"], path);
        _time.Advance(TimeSpan.FromDays(30));
        Assert.Empty(registry.PendingOfSubject(three));
        await registry.WithdrawAsync(package, Token);
        Assert.False(Path.Exists(path));
    }

    [Fact]
    public async Task An_export_that_fails_leaves_nothing_at_its_place_and_holds_nothing()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var (registry, package) = (new ExportRegistry(vault), ExportScene.Package(vault, "3", []));
        await registry.AddAsync(package, scene.Folder["a"], Token);
        using (var writer = SubjectPackageWriter.Begin(package, scene.Folder["a"]))
        {
            Directory.CreateDirectory(scene.Folder["a"]);
            var refused = await Assert.ThrowsAsync<RequestException>(() => writer.WriteAsync(package, Token));
            Assert.Equal(FaultCodes.ExportPlaceTaken, refused.Code);
        }

        Assert.Equal([scene.Folder["a"]], Directory.EnumerateFileSystemEntries(scene.Folder.FullPath, "a*", SearchOption.TopDirectoryOnly));
        Assert.Empty(Directory.EnumerateFileSystemEntries(scene.Folder["a"]));
        Assert.Empty(registry.PendingOfSubject(vault.Keys.PseudonymOf("3")));
    }

    [Fact]
    public async Task Many_exports_at_a_time_are_all_remembered()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        await Parallel.ForAsync(0, 24, Token, async (i, token) =>
        {
            var package = ExportScene.Package(vault, "3", []);
            await new ExportRegistry(vault).AddAsync(package, scene.Folder[$"p{i}"], token);
            _ = SubjectPackageWriter.Begin(package, scene.Folder[$"p{i}"]);
        });
        Assert.Equal(24, (await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token)).Count);
    }
}
