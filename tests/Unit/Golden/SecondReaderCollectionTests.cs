using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Collection;

namespace SecureBackup.Tests.Unit.Golden;

public sealed class SecondReaderCollectionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Packs that snapshots name are gone, others stand for them, and the index is merged.</summary>
    [Fact]
    public async Task It_reads_a_vault_after_compaction_and_index_merge()
    {
        await SecondReader.RequireAsync();
        using var scene = new CollectionScene();
        using var folder = new TempFolder();
        using var owner = await scene.CreateAsync();
        await scene.HalfEmptyAsync(owner, owner);
        for (var day = 0; day < 9; day++)
        {
            scene.Set("daily.bin", 3_000, seed: 100 + day);
            await scene.BackUpAsync(owner);
            scene.Time.Advance(TimeSpan.FromHours(1));
        }

        var total = await scene.CollectForAsync(owner, 8, new CollectOptions { MaxUnusedPercent = 30 });
        Assert.NotEqual(0, total.PacksCompacted);
        Assert.NotEqual(0, total.SegmentsMerged);
        Assert.NotEqual(0, total.PacksDeleted);
        Assert.NotEqual(0, scene.CountOf("relocations/"));
        foreach (var (name, bytes) in scene.Target.Objects)
        {
            var path = Path.Combine(folder["vault"], name.Value);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, bytes.ToArray(), Token);
        }

        var check = await SecondReader.WithKeyFileAsync(folder["vault"], scene.KeyPath, "verify");
        check.RequireSuccess();
        Assert.StartsWith("10 snapshots, ", check.Output, StringComparison.Ordinal);
        Assert.EndsWith(": 0 problems\n", check.Output, StringComparison.Ordinal);
        var snapshot = (await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots[^1];
        (await SecondReader.WithKeyFileAsync(folder["vault"], scene.KeyPath, "restore", snapshot.Id.ToString(), folder["restored"])).RequireSuccess();
        var restored = Directory.GetFiles(Path.Combine(folder["restored"], "source"));
        Assert.Equal(scene.Expected[snapshot.Id].Count, restored.Length);
        Assert.All(restored, path => Assert.Equal(scene.Expected[snapshot.Id][Path.GetFileName(path)], ContentHash.Of(File.ReadAllBytes(path))));
    }
}
