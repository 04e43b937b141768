using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What a backup asks before it begins: what the protocol orders, in that order (docs/format/sessions.md); all else at once.</summary>
public sealed class BackupOpeningTests : IAsyncDisposable
{
    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { IsNear = false, ListsInOrder = true });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Each_question_waits_for_those_that_the_protocol_puts_before_it()
    {
        using var scene = await FilledAsync();
        await MarkAsync(scene);
        var noted = new NotingTarget(_store);

        await scene.BackUpAsync(noted);

        noted.RequireOrder("LIST snapshots/", "LIST removals/");
        noted.RequireOrder("PUT sessions/", "LIST condemned/");
        noted.RequireBetween("LIST snapshots/", "READ register/", "READ snapshots/");
        noted.RequireBetween("LIST condemned/", "READ register/", "READ condemned/");
        foreach (var later in (string[])["LIST packs/", "LIST index/", "LIST relocations/", "READ refs/"])
        {
            noted.RequireOrder("READ condemned/", later);
        }
    }

    [Theory]
    [InlineData("LIST snapshots/", "LIST verifications/", "LIST approvals/", "PUT sessions/")]
    [InlineData("LIST packs/", "LIST index/", "LIST relocations/", "READ refs/")]
    public async Task What_has_no_order_is_asked_at_once(params string[] questions)
    {
        using var scene = await FilledAsync();

        var backup = await scene.BackUpAsync(new NotingTarget(_store) { AnswersTogether = questions });

        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
    }

    [Fact]
    public async Task A_backup_that_cannot_read_the_snapshots_leaves_no_session_that_others_wait_for()
    {
        using var scene = await FilledAsync();
        var before = _store.Objects.Keys.ToHashSet();

        var failure = await Assert.ThrowsAsync<TargetException>(() => scene.BackUpAsync(new NotingTarget(_store) { Refused = ObjectNames.Verifications }));

        Assert.Equal(TargetFault.AccessDenied, failure.Fault);
        var left = _store.Objects.Keys.Except(before).Select(static name => name.Value).ToList();
        Assert.Equal(2, left.Count);
        Assert.Single(left, static name => name.EndsWith("-end", StringComparison.Ordinal));
    }

    private static async Task MarkAsync(PipelineScene scene)
    {
        using var vault = await scene.UnlockAsync();
        await CondemnedMarkers.WriteAsync(vault, [new PackId(Id256.Random())], Token);
    }

    private async Task<PipelineScene> FilledAsync()
    {
        var scene = await PipelineScene.CreateAsync(_store);
        scene.WriteRandom("a.bin", 300_000, 1);
        await scene.BackUpAsync(_store);
        return scene;
    }
}
