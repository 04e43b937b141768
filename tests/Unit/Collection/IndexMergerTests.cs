using SecureBackup.Engine.Index;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>A segment that no reader takes would hide all that it replaced.</summary>
public sealed class IndexMergerTests : IDisposable
{
    private const int Backups = 10;

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task What_segments_hold_beyond_their_claims_does_not_make_one_that_no_reader_takes()
    {
        using var owner = await _scene.CreateAsync();
        using var thief = await _scene.OpenWriterAsync(owner, "thief");
        await BackUpManyAsync(owner);
        var honest = (await SegmentsAsync(owner)).Sum(static segment => segment.ChunkCount);
        _scene.Set("z.bin", 60_000, seed: 99);
        await _scene.BackUpAsync(thief);
        var own = (await SegmentsAsync(owner)).Single(segment => segment.Signer.Id == thief.Self);
        await UnderstateAsync(thief, own);
        Assert.True(own.ChunkCount > 10, $"{own.ChunkCount} chunks are too few to be hidden behind one.");

        await new IndexMerger(await RunAsync(owner)) { MaxChunksWritten = honest + own.ChunkCount + 1 }.MergeAsync(Token);
        var merged = Assert.Single(await SegmentsAsync(owner), static segment => segment.IsMerged);
        Assert.InRange(merged.ChunkCount, own.ChunkCount, honest + own.ChunkCount + 1);
        Assert.Equal(Backups + 1, merged.Replaced.Count);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task More_segments_than_one_may_replace_become_several()
    {
        using var owner = await _scene.CreateAsync();
        await BackUpManyAsync(owner);
        await new IndexMerger(await RunAsync(owner)) { MaxReplaced = 4 }.MergeAsync(Token);
        Assert.Equal([2, 4, 4], (await SegmentsAsync(owner)).Select(static segment => segment.Replaced.Count).Order());
        await _scene.RequireIntactAsync(owner);
    }

    private async Task BackUpManyAsync(UnlockedVault vault)
    {
        for (var i = 0; i < Backups; i++)
        {
            _scene.Set("a.bin", 20_000, seed: i);
            await _scene.BackUpAsync(vault);
        }
    }

    /// <summary>The same packs once more, with one chunk of each.</summary>
    private static async Task UnderstateAsync(UnlockedVault writer, IndexSegment segment)
    {
        var builder = new IndexSegmentBuilder();
        var told = new HashSet<object>();
        await foreach (var chunk in segment.EnumerateChunksAsync(Token))
        {
            if (told.Add(chunk.Pack.Id))
            {
                builder.Add(chunk.Pack, chunk.Entry);
            }
        }

        using var content = new MemoryStream();
        var id = builder.Write(content, SegmentSealings.Of(writer));
        content.Position = 0;
        await writer.Target.PutAsync(IndexSegmentBuilder.NameOf(id), content, PutOptions.Default, Token);
    }

    private static async Task<CollectRun> RunAsync(UnlockedVault owner) => new(
        owner, CollectOptions.Default, new RunContext(new ProgressCounters(), owner.Sink), await CollectView.TakeAsync(owner, await StoreClock.AskAsync(owner, Token), Token));

    /// <summary>The caller ends with them before the target does.</summary>
    private static async Task<IReadOnlyList<IndexSegment>> SegmentsAsync(UnlockedVault vault) =>
        (await SegmentCatalog.LoadAsync(vault.Target, SegmentSealings.AccessOf(vault), new PageCache(), Token)).Segments;
}
