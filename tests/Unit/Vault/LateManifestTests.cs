using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Vault;

public sealed class LateManifestTests
{
    [Fact]
    public async Task A_snapshot_that_ended_while_the_list_was_taken_is_found_by_name_and_not_missing()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a", "a"u8);
        var first = (await scene.BackUpAsync()).Snapshot;
        scene.Write("b", "b"u8);
        var second = (await scene.BackUpAsync()).Snapshot;
        using var vault = await scene.UnlockAsync(new ForgetfulTarget(scene.Target, ObjectNames.Manifest(first.Id)));
        var catalog = await SnapshotCatalog.LoadAsync(vault, PipelineScene.Token);
        Assert.Empty(catalog.Problems);
        Assert.Equal([second.Id, first.Id], catalog.Snapshots.Select(snapshot => snapshot.Id));
    }

    /// <summary>Leaves one object out of its listings, as a store does whose listing began before the object was put.</summary>
    private sealed class ForgetfulTarget(Target inner, ObjectName forgotten) : DelegatingTarget(inner)
    {
        public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken) =>
            base.ListAsync(prefix, cancellationToken).Where(stat => stat.Name != forgotten);
    }
}
