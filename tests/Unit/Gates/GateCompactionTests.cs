using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Collection;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Gates;

/// <summary>A collection moves content and changes none.</summary>
public sealed class GateCompactionTests : IDisposable
{
    private const int Files = 40;
    private const int FileBytes = 40_000;

    private static readonly CollectOptions Compacting = new() { MaxUnusedPercent = 30 };

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task What_is_stored_once_more_because_its_pack_is_condemned_has_not_changed()
    {
        using var owner = await _scene.CreateAsync();
        await HalfEmptyAsync(owner, seed: 0);
        Assert.NotEqual(0, (await CollectAsync(owner, Compacting)).PacksChosen);
        _scene.Time.Advance(TimeSpan.FromHours(1));
        var backup = await BackUpAsync(owner, ContentGates.Default);
        Assert.True(backup.BytesStored > Files * FileBytes / 2, $"{backup.BytesStored} bytes were stored: it leaned on the condemned packs.");
        RequireUnchanged(backup);

        // And the next one, whose last good one it is.
        RequireUnchanged(await BackUpAsync(owner, ContentGates.Default));
    }

    [Fact]
    public async Task What_was_moved_has_not_changed()
    {
        using var owner = await _scene.CreateAsync();
        await HalfEmptyAsync(owner, seed: 0);
        var segments = _scene.Target.Objects.Keys.Where(static name => name.Value.StartsWith("index/", StringComparison.Ordinal)).ToList();
        var before = _scene.Packs;
        Assert.NotEqual(0, (await _scene.CollectForAsync(owner, 8, Compacting)).PacksCompacted);
        Assert.NotEmpty(before.Except(_scene.Packs));

        // As a merge ends: what is gone is named no more. Where every pack of a segment was moved, the collection has seen to that already.
        Assert.NotEmpty(segments);
        segments.ForEach(segment => _scene.Target.Remove(segment));
        Assert.Empty(_scene.Target.Objects.Keys.Intersect(segments));
        var backup = await BackUpAsync(owner, ContentGates.Default);
        Assert.Equal(0, backup.ChunksNew);
        RequireUnchanged(backup);
    }

    [Fact]
    public async Task What_is_suspect_does_not_become_good_by_being_moved_into_one_pack_with_what_is()
    {
        using var owner = await _scene.CreateAsync();
        await HalfEmptyAsync(owner, seed: 0);
        await HalfEmptyAsync(owner, seed: 1000, ContentGates.Default);
        Assert.NotEqual(0, (await _scene.CollectForAsync(owner, 8, Compacting)).PacksCompacted);
        var next = await BackUpAsync(owner, ContentGates.Default);
        Assert.Equal(0, next.ChunksNew);
        Assert.Contains(GateKind.MassChanged, next.Snapshot.Summary.Findings.Select(static finding => finding.Gate));
    }

    private static void RequireUnchanged(BackupResult backup)
    {
        Assert.Empty(backup.Snapshot.Summary.Findings);
        Assert.Equal((SnapshotOutcome.Succeeded, 0L), (backup.Outcome, backup.Snapshot.Summary.Figures!.NewBytes));
    }

    /// <summary>A snapshot of half of what the one before it held, which is removed.</summary>
    private async Task HalfEmptyAsync(UnlockedVault owner, int seed, ContentGates? gates = null)
    {
        for (var i = 0; i < 2 * Files; i++)
        {
            _scene.Set($"file-{i:D2}.bin", FileBytes, seed + i);
        }

        var first = (await BackUpAsync(owner, gates ?? ContentGates.None)).Snapshot.Id;
        for (var i = 0; i < Files; i++)
        {
            _scene.Files.Remove($"file-{(2 * i) + 1:D2}.bin");
        }

        _scene.Time.Advance(TimeSpan.FromHours(1));
        await BackUpAsync(owner, gates ?? ContentGates.None);
        await _scene.RemoveAsync(owner, first);
        _scene.Time.Advance(2 * Day);
    }

    private async Task<BackupResult> BackUpAsync(UnlockedVault owner, ContentGates gates)
    {
        var result = await BackupCorridor.RunAsync(owner, new MemorySource(_scene.Files), OptionsFor("shop") with { Gates = gates }, RunContext.Unwatched, Token);
        _scene.Expected[result.Snapshot.Id] = Picture(_scene.Files);
        return result;
    }
}
