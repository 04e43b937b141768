using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class SnapshotBrowserTests
{
    private static CancellationToken Token => PipelineScene.Token;

    [Fact]
    public async Task Folders_are_listed_entries_found_and_contents_read()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("deep/er/big.bin", 5_000_000, seed: 1);
        scene.Write("deep/small.txt", "small"u8);
        scene.Write("empty", []);
        var snapshot = (await scene.BackUpAsync()).Snapshot;
        using var vault = await scene.UnlockAsync();
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), scene.Sink, Token);
        Assert.Equal(["source"], await NamesAsync(browser, snapshot));
        Assert.Equal(["source/deep", "source/empty"], await NamesAsync(browser, snapshot, "source"));
        Assert.Equal(["source/deep/er", "source/deep/small.txt"], await NamesAsync(browser, snapshot, "source", "deep"));
        Assert.Null(await browser.FindAsync(snapshot, Path("source", "none"), Token));
        Assert.Equal(File.ReadAllBytes(System.IO.Path.Combine(scene.SourcePath, "deep/er/big.bin")), await ReadAsync(browser, snapshot, "source", "deep", "er", "big.bin"));
        Assert.Empty((await ReadAsync(browser, snapshot, "source", "empty"))!);
        Assert.Null(await ReadAsync(browser, snapshot, "source", "deep"));
    }

    [Fact]
    public async Task A_further_name_gives_the_content_of_its_file()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The link is made by a program of the system.");
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a", "shared"u8);
        Destinations.DestinationScene.Run("ln", System.IO.Path.Combine(scene.SourcePath, "a"), System.IO.Path.Combine(scene.SourcePath, "b"));
        var snapshot = (await scene.BackUpAsync()).Snapshot;
        using var vault = await scene.UnlockAsync();
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), scene.Sink, Token);
        Assert.Equal(EntryKind.HardLink, (await browser.FindAsync(snapshot, Path("source", "b"), Token))!.Metadata.Kind);
        Assert.Equal("shared"u8.ToArray(), await ReadAsync(browser, snapshot, "source", "b"));
    }

    [Fact]
    public async Task Damage_in_the_middle_of_a_file_is_an_error_and_never_an_end()
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target);
        scene.WriteRandom("a.bin", 8_000_000, seed: 1);
        var snapshot = (await scene.BackUpAsync()).Snapshot;
        var pack = target.Objects.Where(pair => pair.Key.Value.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(pair => pair.Value.Length);
        var bytes = pack.Value.ToArray();
        bytes[bytes.Length / 2] ^= 1;
        target.Remove(pack.Key);
        await target.PutAsync(pack.Key, new MemoryStream(bytes), PutOptions.Default, Token);
        using var vault = await scene.UnlockAsync();
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), scene.Sink, Token);
        var damage = await Assert.ThrowsAsync<IntegrityException>(() => ReadAsync(browser, snapshot, "source", "a.bin"));
        Assert.Equal(FaultCodes.ChunkUnreadable, damage.Code);
    }

    private static async Task<List<string>> NamesAsync(SnapshotBrowser browser, Snapshot snapshot, params string[] folder) =>
        await browser.ChildrenAsync(snapshot, Path(folder), null, Token).Select(item => item.Path.ToString()).ToListAsync(Token);

    private static async Task<byte[]?> ReadAsync(SnapshotBrowser browser, Snapshot snapshot, params string[] path)
    {
        var item = await browser.FindAsync(snapshot, Path(path), Token);
        await using var content = await browser.OpenReadAsync(item!, Token);
        if (content is null)
        {
            return null;
        }

        using var all = new MemoryStream();
        await content.CopyToAsync(all, Token);
        return all.ToArray();
    }

    private static EntryPath Path(params string[] components) => new([.. components.Select(System.Text.Encoding.UTF8.GetBytes)]);
}
