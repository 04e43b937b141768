using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A vault keeps the chunker that it was made with: other cuts would store everything a second time.</summary>
public sealed class VaultChunkerTests
{
    [Theory]
    [InlineData(ChunkerCatalog.Default)]
    [InlineData(ChunkerCatalog.Normalized)]
    public async Task Contents_are_cut_as_the_vault_says_and_come_back(string name)
    {
        using var scene = await PipelineScene.CreateAsync(chunker: name);
        scene.WriteRandom("table", 24_000_000, seed: 1);
        var backup = await scene.BackUpAsync();

        Assert.Equal(await CutAsync(scene, "table"), await StoredAsync(scene, backup));
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
    }

    private static async Task<List<ChunkId>> CutAsync(PipelineScene scene, string file)
    {
        using var vault = await scene.UnlockAsync();
        var chunker = ChunkerCatalog.Create(vault.Register.Parameters.ChunkerName, vault.Keys.Chunker.Bytes);
        var rest = (await File.ReadAllBytesAsync(Path.Combine(scene.SourcePath, file), PipelineScene.Token)).AsMemory();
        var ids = new List<ChunkId>();
        while (!rest.IsEmpty)
        {
            var length = chunker.NextBoundary(rest.Span, isLast: true);
            ids.Add(vault.Keys.ChunkId.IdOf(DomainId.Vault, rest.Span[..length]));
            rest = rest[length..];
        }

        return ids;
    }

    private static async Task<IReadOnlyList<ChunkId>> StoredAsync(PipelineScene scene, BackupResult backup)
    {
        using var vault = await scene.UnlockAsync();
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), scene.Sink, PipelineScene.Token);
        var file = await browser.ListingOf(backup.Snapshot).EntriesAsync(PipelineScene.Token).SingleAsync(static entry => entry.Metadata.Kind == EntryKind.File, PipelineScene.Token);
        return file.Content.Ids;
    }
}
