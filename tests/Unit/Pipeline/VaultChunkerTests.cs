using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A vault keeps the chunker that it was made with: other cuts would store everything a second time.</summary>
public sealed class VaultChunkerTests
{
    private const int TableBytes = 24_000_000;

    [Theory]
    [InlineData(ChunkerCatalog.Default)]
    [InlineData(ChunkerCatalog.Normalized)]
    public async Task Contents_are_cut_as_the_vault_says_and_come_back(string name)
    {
        using var scene = await PipelineScene.CreateAsync(chunker: name);
        scene.WriteRandom("table", TableBytes, seed: 1);
        var backup = await scene.BackUpAsync();

        Assert.Equal(await CutAsync(scene, "table", name), await StoredAsync(scene, backup));
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));

        // A host that knows nothing of the first run reads all of it again.
        Directory.Delete(scene.HostPath, recursive: true);
        var again = await scene.BackUpAsync();
        Assert.Equal((0, TableBytes), (again.ChunksNew, again.BytesRead));
    }

    [Fact]
    public async Task A_chunker_that_is_unknown_stops_backups_before_they_begin_and_no_restore()
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target);
        scene.WriteRandom("table", TableBytes, seed: 2);
        var backup = await scene.BackUpAsync();
        await RenameChunkerAsync(scene, target);
        var names = target.Objects.Keys.ToHashSet();

        var refusal = await Assert.ThrowsAsync<VaultException>(() => scene.BackUpAsync());
        Assert.Same(FaultCodes.UnsupportedFormat, refusal.Code);
        Assert.True(names.SetEquals(target.Objects.Keys), "A run that was refused wrote something.");

        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));

        await using (var standing = File.Open(Path.Combine(scene.RestorePath, "source", "table"), FileMode.Open))
        {
            standing.Write(new byte[1000]);
        }

        Assert.Empty((await RestoreInPlaceAsync(scene, backup)).Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
    }

    private static async Task<RestoreResult> RestoreInPlaceAsync(PipelineScene scene, BackupResult backup)
    {
        using var vault = await scene.UnlockAsync();
        var request = new RestoreRequest(vault.RequireReader(), backup.Snapshot);
        await using var door = FileSystemDestination.Open(scene.RestorePath, new DestinationOptions { InPlace = true });
        return await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), PipelineScene.Token);
    }

    private static async Task<List<ChunkId>> CutAsync(PipelineScene scene, string file, string name)
    {
        using var vault = await scene.UnlockAsync();
        var chunker = ChunkerCatalog.Create(name, vault.Keys.Chunker.Bytes);
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

    /// <summary>As a later version would have made the vault: its first entry names another chunker, and the owner's keys go with that entry.</summary>
    private static async Task RenameChunkerAsync(PipelineScene scene, MemoryTarget target)
    {
        using var owner = await scene.UnlockAsync();
        var name = ObjectNames.RegisterEntry(0);
        var stored = SignedObject.Parse(target.Objects[name]);
        var genesis = RegisterCodec.Decode(stored.Body, "genesis");
        var renamed = genesis with { Changes = [.. genesis.Changes.Select(static change => change is VaultParameters was ? was with { ChunkerName = "later" } : change)] };
        var entry = SignedObject.Build(stored.Header, RegisterCodec.Encode(renamed), owner.SelfKey);
        var hash = ContentHash.Of(entry);
        var (access, bundle) = (owner.Access!, owner.BundleNow() with { Genesis = hash, Head = new RegisterHead(0, hash) });
        target.Replace(name, entry);
        target.Replace(ObjectNames.Bundle(access.Bundle), bundle.Seal(owner.Id, access.Bundle, access.BundleKey));
        Directory.Delete(scene.HostPath, recursive: true);
    }
}
