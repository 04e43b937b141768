using System.IO.Compression;
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

    [Theory]
    [InlineData("a.zip")]
    [InlineData("a")]
    public async Task A_link_at_the_place_of_a_package_is_not_followed(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there.");
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        var (path, elsewhere) = (scene.Folder[name], scene.Folder["elsewhere"]);
        await ExportAsync(vault, scene, "3", path);
        if (File.Exists(path))
        {
            File.Move(path, elsewhere);
            File.CreateSymbolicLink(path, elsewhere);
        }
        else
        {
            Directory.Move(path, elsewhere);
            Directory.CreateSymbolicLink(path, elsewhere);
        }

        var before = Picture(scene);
        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.Equal(before, Picture(scene));
    }

    [Theory]
    [InlineData("data is a link", true)]
    [InlineData("a file is a link", false)]
    [InlineData("manifest is a link", false)]
    [InlineData("manifest names files outside", true)]
    [InlineData("manifest names a file of somebody", true)]
    [InlineData("manifest is no manifest", false)]
    public async Task A_package_that_was_changed_leads_to_nothing_outside_of_it(string how, bool isSaid)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there.");
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        await ExportAsync(vault, scene, "3", scene.Folder["a"]);
        Directory.CreateDirectory(scene.Folder["other"]);
        File.WriteAllText(scene.Folder["other/members.json"], "not yours");
        File.WriteAllText(scene.Folder["a/data/own.txt"], "not yours");
        var manifest = scene.Folder["a/manifest.json"];
        switch (how)
        {
            case "data is a link":
                Directory.Move(scene.Folder["a/data"], scene.Folder["moved"]);
                Directory.CreateSymbolicLink(scene.Folder["a/data"], scene.Folder["other"]);
                break;
            case "a file is a link":
                File.Delete(scene.Folder["a/data/members.json"]);
                File.CreateSymbolicLink(scene.Folder["a/data/members.json"], scene.Folder["other/members.json"]);
                break;
            case "manifest is a link":
                File.Move(manifest, scene.Folder["other/manifest.json"]);
                File.CreateSymbolicLink(manifest, scene.Folder["other/manifest.json"]);
                break;
            case "manifest names files outside": Replace("\"README.txt\"", "\"../other/members.json\""); break;
            case "manifest names a file of somebody": Replace("\"README.txt\"", "\"data/own.txt\""); break;
            default: Replace("\"files\"", "\"fails\""); break;
        }

        await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token);
        Assert.Equal("not yours", File.ReadAllText(scene.Folder["other/members.json"]));
        Assert.Equal(how is not "data is a link", File.Exists(scene.Folder["a/data/own.txt"]));
        Assert.Equal(isSaid, scene.Sink.Events.Any(item => item.Code == FaultCodes.ExportNotWritable));

        void Replace(string old, string by) => File.WriteAllText(manifest, File.ReadAllText(manifest).Replace(old, by, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_zip_into_which_somebody_put_more_is_left_and_said()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        var path = scene.Folder["a.zip"];
        await ExportAsync(vault, scene, "3", path);
        await using (var zip = await ZipFile.OpenAsync(path, ZipArchiveMode.Update, Token))
        {
            zip.CreateEntry("thesis.docx");
        }

        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.True(File.Exists(path));
        Assert.Contains(scene.Sink.Events, item => item.Code == FaultCodes.ExportNotWritable);
    }

    [Fact]
    public async Task A_deletion_that_broke_off_is_gone_on_with()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A folder stands where a file was: other rules there.");
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        await ExportAsync(vault, scene, "3", scene.Folder["a"]);
        File.Delete(scene.Folder["a/README.txt"]);
        File.Delete(scene.Folder["a/data/members.csv"]);
        Directory.CreateDirectory(scene.Folder["a/data/members.csv"]);
        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.True(File.Exists(scene.Folder["a/manifest.json"]));
        Assert.Contains(scene.Sink.Events, item => item.Code == FaultCodes.ExportNotWritable);

        Directory.Delete(scene.Folder["a/data/members.csv"]);
        Assert.Equal([scene.Folder["a"]], await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.False(Path.Exists(scene.Folder["a"]));
    }

    [Theory]
    [InlineData("a.zip")]
    [InlineData("a")]
    public async Task What_a_killed_export_left_is_deleted_too_and_nothing_stands_under_the_name(string name)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        var path = scene.Folder[name];
        var package = Package(vault, "3", []);
        await new ExportRegistry(vault).AddAsync(package, path, Token);
        _ = SubjectPackageWriter.Begin(package, path);
        var part = Assert.Single(Directory.EnumerateDirectories(scene.Folder.FullPath, "*.part"));
        Directory.CreateDirectory(Path.Combine(part, "data"));
        File.WriteAllText(Path.Combine(part, "data", "members.json"), "hers");
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(Path.Combine(part, "data", "link"), scene.HostPath);
        }

        Assert.Equal([path], await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.False(Path.Exists(part) || Path.Exists(path));
        Assert.True(Directory.Exists(scene.HostPath));
    }

    [Fact]
    public async Task A_clock_that_was_set_back_deletes_nothing_early_and_a_disk_that_is_away_is_waited_for()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Time = _time;
        using var vault = await scene.UnlockAsync();
        Directory.CreateDirectory(scene.Folder["disk"]);
        await ExportAsync(vault, scene, "3", scene.Folder["disk/a"]);
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
        await ExportAsync(vault, scene, "3", path);
        var known = await File.ReadAllBytesAsync(Path.Combine(vault.Host.FolderOf(vault.Id), "exports"), Token);
        Directory.Delete(path, recursive: true);
        await ExportAsync(vault, scene, "4", path);
        await File.WriteAllBytesAsync(Path.Combine(vault.Host.FolderOf(vault.Id), "exports"), known, Token);

        var before = Picture(scene);
        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.Equal(before, Picture(scene));
    }

    [Fact]
    public async Task Many_exports_at_a_time_are_all_remembered()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        await Parallel.ForAsync(0, 24, Token, async (i, token) =>
        {
            var package = Package(vault, "3", []);
            await new ExportRegistry(vault).AddAsync(package, scene.Folder[$"p{i}"], token);
            _ = SubjectPackageWriter.Begin(package, scene.Folder[$"p{i}"]);
        });
        Assert.Equal(24, (await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token)).Count);
    }

    /// <summary>Everything outside of the host's memory.</summary>
    private static List<string> Picture(PipelineScene scene) =>
        [.. Directory.EnumerateFileSystemEntries(scene.Folder.FullPath, "*", SearchOption.AllDirectories).Where(path => !path.StartsWith(scene.HostPath, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    private static SubjectPackage Package(UnlockedVault vault, string subject, IReadOnlyList<RecordVersion> versions)
    {
        var now = vault.Time.GetUtcNow();
        return new SubjectPackage(Guid.NewGuid(), subject, vault.Id, now, now.AddDays(30), versions, []);
    }

    private static async Task ExportAsync(UnlockedVault vault, PipelineScene scene, string subject, string path)
    {
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(5, 1));
        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, 0, Token);
        var versions = await browser.HistoryAsync([backup.Snapshot], subject, new RecordTally(), Token);
        var package = Package(vault, subject, versions);
        await new ExportRegistry(vault).AddAsync(package, path, Token);
        using var writer = SubjectPackageWriter.Begin(package, path);
        Assert.True(await writer.WriteAsync(package, Token) > 0);
    }
}
