using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

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
        await ExportAsync(vault, scene, "3", path);
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
        await ExportAsync(vault, scene, "3", scene.Folder["three"]);
        await ExportAsync(vault, scene, "4", scene.Folder["four.zip"]);
        await ExportAsync(vault, scene, "3", scene.Folder["three.zip"]);
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
        await ExportAsync(vault, scene, "3", scene.Folder["a.zip"]);
        await ExportAsync(vault, scene, "3", scene.Folder["b"]);
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
        await ExportAsync(vault, scene, "3", scene.Folder["a.zip"]);
        var file = Path.Combine(vault.Host.FolderOf(vault.Id), "exports");
        var bytes = File.ReadAllBytes(file);
        Assert.Equal(-1, bytes.AsSpan().IndexOf("a.zip"u8));
        bytes[^1] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.Contains(scene.Sink.Events, item => item.Code == FaultCodes.HostStateUnusable);
    }

    private static async Task ExportAsync(UnlockedVault vault, PipelineScene scene, string subject, string path)
    {
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(5, 1));
        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, 0, Token);
        var versions = await browser.HistoryAsync([backup.Snapshot], subject, new RecordTally(), Token);
        var now = vault.Time.GetUtcNow();
        var package = new SubjectPackage(Guid.NewGuid(), subject, vault.Id, now, now.AddDays(30), versions, []);
        await new ExportRegistry(vault).AddAsync(package, path, Token);
        Assert.True(await SubjectPackageWriter.WriteAsync(package, path, Token) > 0);
    }
}
