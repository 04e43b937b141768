using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What a check asks before it reads packs: all at once, and then once more before it calls anything missing.</summary>
public sealed class CheckOpeningTests : IAsyncDisposable
{
    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { IsNear = false, ListsInOrder = true });

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task What_has_no_order_is_asked_at_once()
    {
        var (scene, snapshot) = await BackedUpAsync();
        using (scene)
        {
            scene.Target = new NotingTarget(_store) { AnswersTogether = ["LIST packs/", "LIST index/", "LIST relocations/", "READ refs/"] };
            Assert.Empty((await scene.VerifyAsync(snapshot)).Faults);
        }
    }

    [Theory]
    [InlineData("packs/")]
    [InlineData("index/")]
    public async Task What_a_first_listing_lacks_is_looked_for_once_more(string folder)
    {
        var (scene, snapshot) = await BackedUpAsync();
        using (scene)
        {
            var early = new EarlyListing(_store, folder);
            scene.Target = early;
            var check = await scene.VerifyAsync(snapshot);
            Assert.Empty(check.Faults);
            Assert.True(check.PacksRead > 0);
            Assert.True(early.Listed > 1, "The folder was listed once.");
        }
    }

    [Fact]
    public async Task What_the_second_lacks_too_is_missing()
    {
        var (scene, snapshot) = await BackedUpAsync();
        using (scene)
        {
            scene.Target = new EarlyListing(_store, "packs/") { Times = int.MaxValue };
            var faults = (await scene.VerifyAsync(snapshot, readsData: false)).Faults;
            Assert.Contains(faults, static fault => fault.Code == FaultCodes.PackMissing);
        }
    }

    [Theory]
    [InlineData("READ refs/")]
    [InlineData("LIST relocations/")]
    [InlineData("LIST packs/")]
    public async Task Where_one_question_fails_none_is_left_under_way(string slow)
    {
        var (scene, snapshot) = await BackedUpAsync();
        using (scene)
        {
            var noted = new NotingTarget(_store) { Refused = "index/", Slow = slow };
            scene.Target = noted;
            var failure = await Assert.ThrowsAsync<TargetException>(() => scene.VerifyAsync(snapshot));
            Assert.Equal(TargetFault.AccessDenied, failure.Fault);
            noted.RequireEnded(slow);
        }
    }

    private async Task<(PipelineScene Scene, Engine.Primitives.SnapshotId Snapshot)> BackedUpAsync()
    {
        var scene = await PipelineScene.CreateAsync(_store);
        scene.WriteRandom("a.bin", 300_000, 1);
        return (scene, (await scene.BackUpAsync()).Snapshot.Id);
    }

    /// <summary>Lists a folder the first time as it was before anything was in it.</summary>
    private sealed class EarlyListing(Target inner, string folder) : DelegatingTarget(inner)
    {
        internal int Times { get; init; } = 1;

        internal int Listed { get; private set; }

        public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            if (string.Equals(prefix, folder, StringComparison.Ordinal) && ++Listed <= Times)
            {
                yield break;
            }

            await foreach (var stat in base.ListAsync(prefix, cancellationToken))
            {
                yield return stat;
            }
        }
    }
}
