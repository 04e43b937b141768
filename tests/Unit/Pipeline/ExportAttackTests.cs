using System.IO.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What somebody, or a crash, made of a package: when it goes, nothing outside of it goes along.</summary>
public sealed class ExportAttackTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("a.zip")]
    [InlineData("a")]
    public async Task A_link_at_the_place_of_a_package_is_not_followed(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a right there.");
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var (path, elsewhere) = (scene.Folder[name], scene.Folder["elsewhere"]);
        await ExportScene.ExportAsync(vault, scene, "3", path);
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

        var before = ExportScene.Picture(scene);
        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
        Assert.Equal(before, ExportScene.Picture(scene));
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
        using var vault = await scene.UnlockAsync();
        await ExportScene.ExportAsync(vault, scene, "3", scene.Folder["a"]);
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
        using var vault = await scene.UnlockAsync();
        var path = scene.Folder["a.zip"];
        await ExportScene.ExportAsync(vault, scene, "3", path);
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
        using var vault = await scene.UnlockAsync();
        await ExportScene.ExportAsync(vault, scene, "3", scene.Folder["a"]);
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
        using var vault = await scene.UnlockAsync();
        var path = scene.Folder[name];
        var package = ExportScene.Package(vault, "3", []);
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
    public async Task Who_is_erased_while_her_data_is_exported_leaves_no_package()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var owner = await scene.UnlockAsync();
        var backup = await RecordScene.BackUpAsync(owner, scene.Folder["spill"], RecordScene.Members(5, 1));
        using var vault = await scene.UnlockAsync(new ErasingTarget(scene.Target, async () => await SubjectScene.EraseAsync(owner, "3")));
        var (path, package) = (scene.Folder["a"], ExportScene.Package(vault, "3", []));
        var refused = await Assert.ThrowsAsync<RequestException>(() => SubjectExport.RunAsync(vault.RequireReader(), [backup.Snapshot], package, path, scene.Sink, Token));
        Assert.Equal(FaultCodes.ErasedWhileExported, refused.Code);
        Assert.Empty(Directory.EnumerateFileSystemEntries(scene.Folder.FullPath, "a*"));
        Assert.Empty(await new ExportRegistry(vault).RemoveOfSubjectAsync("3", Token));
    }

    /// <summary>Erases right after the first byte of a pack was read.</summary>
    private sealed class ErasingTarget(Target inner, Func<Task> erase) : DelegatingTarget(inner)
    {
        private int _reads;

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            await Inner.ReadAsync(name, offset, destination, cancellationToken);
            if (name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal) && Interlocked.Increment(ref _reads) == 1)
            {
                await erase();
            }
        }
    }
}
