using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Tests.Unit.Vault;

namespace SecureBackup.Tests.Unit.Removal;

/// <summary>A manifest that is gone for good must not stop what the rest of the vault's life needs.</summary>
public sealed class MissingSnapshotTests
{
    [Fact]
    public async Task A_gap_is_closed_by_a_record_and_what_turns_up_again_counts_for_nothing()
    {
        using var scene = await RemovalScene.CreateAsync(4);
        var name = ObjectNames.Manifest(scene.Days[1].Id);
        var bytes = scene.Bench.Target.Objects[name];
        scene.Bench.Target.Remove(name);
        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        var missing = Assert.Single(catalog.Missing);
        Assert.Equal(new MissingSnapshot(scene.Days[1].Reference, scene.Owner.Self, 1), missing);
        await SnapshotRemoval.GiveUpAsync(RemovalScene.Named(scene.Owner), catalog, catalog.Missing, CancellationToken.None);

        Assert.Equal([0, 2, 3], await scene.DaysLeftAsync());
        scene.Bench.Target.Replace(name, bytes.Span);
        Assert.Equal([0, 2, 3], await scene.DaysLeftAsync());
        await scene.NextDayAsync();
        Assert.Equal([0, 2, 3, 4], await scene.DaysLeftAsync());
    }

    [Fact]
    public async Task A_damaged_manifest_goes_the_same_way()
    {
        using var scene = await RemovalScene.CreateAsync(3);
        scene.Bench.Target.Replace(ObjectNames.Manifest(scene.Days[1].Id), "rot"u8);
        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        await SnapshotRemoval.GiveUpAsync(RemovalScene.Named(scene.Owner), catalog, catalog.Missing, CancellationToken.None);
        Assert.Equal([0, 2], await scene.DaysLeftAsync());
    }

    [Fact]
    public async Task The_newest_one_which_only_this_host_remembers_stops_being_missed()
    {
        using var scene = await RemovalScene.CreateAsync(3);
        await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        scene.Bench.Target.Remove(ObjectNames.Manifest(scene.Days[2].Id));
        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        Assert.Null(Assert.Single(catalog.Missing).Writer);
        using var maintainer = await scene.OpenAsMaintainerAsync();
        await SnapshotRemoval.GiveUpAsync(RemovalScene.Named(maintainer), catalog, catalog.Missing, CancellationToken.None);
        Assert.Empty((await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None)).Problems);
        await scene.NextDayAsync();
        Assert.Equal([0, 1, 3], await scene.DaysLeftAsync());
    }

    /// <summary>Hidden for a day by the storage, it would be recorded as removed, and its packs would be gone when it is shown again.</summary>
    [Theory]
    [InlineData(HoldScope.DataSet)]
    [InlineData(HoldScope.Subject)]
    public async Task Any_hold_that_may_be_on_its_data_set_forbids_it(HoldScope scope)
    {
        using var scene = await RemovalScene.CreateAsync(3);
        var dataSet = scene.Days[1].DataSetId;
        scene.Bench.Target.Remove(ObjectNames.Manifest(scene.Days[1].Id));
        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        using var maintainer = await scene.OpenAsMaintainerAsync();
        var request = new HoldRequest(scope, scope == HoldScope.DataSet ? dataSet.Value : Engine.Primitives.Id256.Random(), [dataSet], null) { Reason = "lawsuit", Owner = "legal" };
        await LegalHolds.PlaceAsync(scene.Owner, request, CancellationToken.None);
        var refusal = await VaultBench.RefusedAsync(FaultCodes.SnapshotHeld, () => SnapshotRemoval.GiveUpAsync(RemovalScene.Named(maintainer), catalog, catalog.Missing, CancellationToken.None));
        Assert.Contains(Assert.Single(scene.Owner.Register.Holds).Key.ToString(), refusal.Message, StringComparison.Ordinal);
        Assert.Equal(0, scene.CountOf("removals/"));
    }

    [Fact]
    public async Task A_hold_on_another_snapshot_does_not()
    {
        using var scene = await RemovalScene.CreateAsync(3);
        scene.Bench.Target.Remove(ObjectNames.Manifest(scene.Days[1].Id));
        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        var request = new HoldRequest(HoldScope.Snapshot, scene.Days[0].Id.Value, [scene.Days[0].DataSetId], null) { Reason = "lawsuit", Owner = "legal" };
        await LegalHolds.PlaceAsync(scene.Owner, request, CancellationToken.None);
        await SnapshotRemoval.GiveUpAsync(RemovalScene.Named(scene.Owner), catalog, catalog.Missing, CancellationToken.None);
        Assert.Equal([0, 2], await scene.DaysLeftAsync());
    }

    [Fact]
    public async Task A_writer_cannot_and_a_hold_forbids_it()
    {
        using var scene = await RemovalScene.CreateAsync(3);
        scene.Bench.Target.Remove(ObjectNames.Manifest(scene.Days[1].Id));
        var catalog = await SnapshotCatalog.LoadAsync(scene.Owner, CancellationToken.None);
        using var writer = await scene.Bench.OpenAsWriterAsync(scene.Owner, "shop");
        await VaultBench.RefusedAsync(FaultCodes.RoleMissing, () => SnapshotRemoval.GiveUpAsync(RemovalScene.Named(writer), catalog, catalog.Missing, CancellationToken.None));
        var request = new HoldRequest(HoldScope.Snapshot, scene.Days[1].Id.Value, [scene.Days[1].DataSetId], null) { Reason = "lawsuit", Owner = "legal" };
        await LegalHolds.PlaceAsync(scene.Owner, request, CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.SnapshotHeld, () => SnapshotRemoval.GiveUpAsync(RemovalScene.Named(scene.Owner), catalog, catalog.Missing, CancellationToken.None));
        Assert.Equal(0, scene.CountOf("removals/"));
    }
}
