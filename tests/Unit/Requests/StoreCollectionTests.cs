using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Targets;
using SecureBackup.Tests.Unit.Collection;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Requests;

/// <summary>Where a store takes many deletions in one request, a collection makes no more of them than it has steps.</summary>
public sealed class StoreCollectionTests(ITestOutputHelper output) : IDisposable
{
    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_collection_of_many_packs_takes_few_requests()
    {
        await using var target = await OpenAsync();
        using var owner = await _scene.CreateAsync(target);
        _scene.Set("large.bin", 6_000_000, seed: 1);
        var first = (await _scene.BackUpAsync(owner)).Snapshot.Id;
        _scene.Files.Remove("large.bin");
        _scene.Set("small.bin", 100_000, seed: 2);
        _scene.Time.Advance(TimeSpan.FromHours(1));
        await _scene.BackUpAsync(owner);
        await _scene.RemoveAsync(owner, first);

        _scene.Time.Advance(2 * CollectionScene.Day);
        var marked = await CollectAsync(owner, "marked");
        Assert.InRange(marked.PacksCondemned, 60, 200);
        _scene.Time.Advance(CollectionScene.Day + TimeSpan.FromMinutes(1));
        var swept = await CollectAsync(owner, "swept");

        Assert.Equal(marked.PacksCondemned, swept.PacksDeleted);
        Assert.InRange(marked.Traffic.Deletes + swept.Traffic.Deletes, 3, 12);
        Assert.InRange(swept.Traffic.Requests, 1, 50);
        Assert.Equal(0, (await CollectAsync(owner, "idle")).PacksDeleted);
        await _scene.RequireIntactAsync(owner);
    }

    private async Task<CollectResult> CollectAsync(UnlockedVault vault, string what)
    {
        var result = await CollectionScene.CollectAsync(vault);
        output.WriteLine($"{what}: {result.PacksDeleted} packs deleted, {result.ObjectsTidied} objects tidied: {result.Traffic}");
        return result;
    }

    private async Task<Target> OpenAsync()
    {
        var ceph = await TestServers.CephAsync();
        using var credential = TargetCredential.Of(ceph.Key.Id, ceph.Key.Secret, "of the test");
        var address = TargetUri.Parse($"s3://{await ceph.CreateBucketAsync()}/vault?endpoint={ceph.Endpoint}&versioning=off&conditionalput=yes");
        return new ClockedTarget(RemoteTargets.Open(new TargetSettings { Address = address }, credential, new OpenContext(NullSink.Instance, TimeProvider.System)), _scene.Time);
    }
}
