using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;

namespace SecureBackup.Tests.Unit.Vault.Holds;

public sealed class LegalHoldTests : IDisposable
{
    private readonly VaultBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public async Task A_hold_comes_back_with_its_reason_and_stands_until_it_is_released()
    {
        using var owner = await _bench.CreateAsync();
        var dataSet = owner.Keys.DataSetIdOf("crm");
        var (hold, _) = await LegalHolds.PlaceAsync(owner, OnDataSet(owner, "crm") with { Matter = "7 O 12/26" }, CancellationToken.None);
        using var again = await _bench.OpenByFileAsync();
        var found = Assert.Single(LegalHolds.Read(again));
        Assert.Equal(hold, found with { Placed = hold.Placed });
        Assert.Equal(("lawsuit", "legal@example.org", "7 O 12/26", "crm"), (found.Reason, found.Owner, found.Matter, found.ScopeText));
        Assert.Equal(hold.Placed.Id, LegalHolds.Resolve(again, hold.Placed.Id.ToString()[..8]));
        Assert.Single(new HoldGuard(again.Register).On(new SnapshotId(Id256.Random()), dataSet));

        await LegalHolds.ReleaseAsync(again, hold.Placed.Id, "settled", CancellationToken.None);
        Assert.Empty(LegalHolds.Read(again));
        Assert.Empty(new HoldGuard(again.Register).On(new SnapshotId(Id256.Random()), dataSet));
        await VaultBench.RefusedAsync(FaultCodes.NoSuchHold, () => LegalHolds.ReleaseAsync(again, hold.Placed.Id, "again", CancellationToken.None));
        await VaultBench.RefusedAsync(FaultCodes.NoSuchHold, () => Task.FromResult(LegalHolds.Resolve(again, "ff")));
    }

    [Fact]
    public async Task A_hold_and_its_release_say_why_and_who()
    {
        using var owner = await _bench.CreateAsync();
        await VaultBench.RefusedAsync(FaultCodes.ReasonMissing, () => LegalHolds.PlaceAsync(owner, OnDataSet(owner, "crm") with { Reason = " " }, CancellationToken.None));
        await VaultBench.RefusedAsync(FaultCodes.ReasonMissing, () => LegalHolds.PlaceAsync(owner, OnDataSet(owner, "crm") with { Owner = "" }, CancellationToken.None));
        var (hold, _) = await LegalHolds.PlaceAsync(owner, OnDataSet(owner, "crm"), CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.ReasonMissing, () => LegalHolds.ReleaseAsync(owner, hold.Placed.Id, "", CancellationToken.None));
    }

    [Fact]
    public async Task The_guard_keeps_what_each_scope_names_and_nothing_else()
    {
        using var owner = await _bench.CreateAsync();
        var (crm, logs) = (owner.Keys.DataSetIdOf("crm"), owner.Keys.DataSetIdOf("logs"));
        var (held, free) = (new SnapshotId(Id256.Random()), new SnapshotId(Id256.Random()));
        var (anna, bert) = (owner.Keys.PseudonymOf("Anna"), owner.Keys.PseudonymOf("Bert"));

        var snapshot = await HoldAsync(owner, HoldScope.Snapshot, held.Value, crm);
        var guard = new HoldGuard(owner.Register);
        Assert.Equal((1, 0, 0), (guard.On(held, crm).Count, guard.On(free, crm).Count, guard.On(free, logs).Count));
        Assert.Equal((1, 0), (guard.AgainstErasure(anna, crm).Count, guard.AgainstErasure(anna, logs).Count));
        await LegalHolds.ReleaseAsync(owner, snapshot, "over", CancellationToken.None);

        var subject = await HoldAsync(owner, HoldScope.Subject, anna.Value, crm);
        guard = new HoldGuard(owner.Register);
        Assert.Equal((1, 1, 0), (guard.On(held, crm).Count, guard.On(free, crm).Count, guard.On(free, logs).Count));
        Assert.Equal((1, 1, 0), (guard.AgainstErasure(anna, crm).Count, guard.AgainstErasure(anna, logs).Count, guard.AgainstErasure(bert, crm).Count));
        await LegalHolds.ReleaseAsync(owner, subject, "over", CancellationToken.None);
        Assert.Empty(new HoldGuard(owner.Register).AgainstErasure(anna, crm));
    }

    [Fact]
    public async Task A_hold_is_placed_once_and_only_one_that_stands_is_released()
    {
        using var owner = await _bench.CreateAsync();
        var (hold, _) = await LegalHolds.PlaceAsync(owner, OnDataSet(owner, "crm"), CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => owner.AppendAsync([hold.Placed], CancellationToken.None));
        await VaultBench.RefusedAsync(
            FaultCodes.RegisterDamaged, () => owner.AppendAsync([new HoldReleased(new HoldId(Id256.Random()), 1, Id256.Random(), new byte[64])], CancellationToken.None));
        await LegalHolds.ReleaseAsync(owner, hold.Placed.Id, "over", CancellationToken.None);
        await VaultBench.RefusedAsync(FaultCodes.RegisterDamaged, () => owner.AppendAsync([hold.Placed], CancellationToken.None));
    }

    [Fact]
    public async Task Storage_reads_neither_the_reason_nor_the_data_set_of_a_hold_and_a_writer_places_none()
    {
        using var owner = await _bench.CreateAsync();
        await LegalHolds.PlaceAsync(owner, OnDataSet(owner, "crm"), CancellationToken.None);
        Assert.All(_bench.Target.Objects.Values, static bytes => Assert.Equal(-1, bytes.Span.IndexOf("lawsuit"u8)));
        using var writer = await _bench.OpenAsWriterAsync(owner, "shop");
        await VaultBench.RefusedAsync(FaultCodes.NotAnOwner, () => LegalHolds.PlaceAsync(writer, OnDataSet(writer, "crm"), CancellationToken.None));
        Assert.Equal("lawsuit", Assert.Single(LegalHolds.Read(writer)).Reason);
    }

    private static HoldRequest OnDataSet(UnlockedVault vault, string name) =>
        new(HoldScope.DataSet, vault.Keys.DataSetIdOf(name).Value, [vault.Keys.DataSetIdOf(name)], name) { Reason = "lawsuit", Owner = "legal@example.org" };

    private static async Task<HoldId> HoldAsync(UnlockedVault owner, HoldScope scope, Id256 on, DataSetId dataSet) =>
        (await LegalHolds.PlaceAsync(owner, new HoldRequest(scope, on, [dataSet], null) { Reason = "lawsuit", Owner = "legal" }, CancellationToken.None)).Hold.Placed.Id;
}
