using CsCheck;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class PackInventoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public Task It_has_exactly_the_packs_that_are_there() => Gen.Int[0, 60].SampleAsync(async count =>
    {
        var target = new MemoryTarget();
        var packs = Enumerable.Range(0, count).Select(_ => new PackId(Id256.Random())).ToList();
        packs.ForEach(pack => target.Replace(ObjectNames.Pack(pack), [1]));
        var inventory = await PackInventory.TakeAsync(target, Token);
        Assert.Equal(count, inventory.Count);
        Assert.All(packs, pack => Assert.True(inventory.Has(pack)));
        Assert.False(inventory.Has(new PackId(Id256.Random())));
    }, iter: 50);

    [Fact]
    public async Task What_has_no_packs_name_is_not_counted()
    {
        var target = new MemoryTarget();
        var pack = new PackId(Id256.Random());
        target.Replace(ObjectNames.Pack(pack), [1]);
        target.Replace(new ObjectName("packs/readme"), [1]);
        target.Replace(new ObjectName($"packs/{pack}"), [1]);
        target.Replace(new ObjectName($"packs/zz/{pack}"), [1]);
        target.Replace(ObjectNames.IndexSegment(ObjectId.Random()), [1]);
        Assert.Equal(1, (await PackInventory.TakeAsync(target, Token)).Count);
    }

    [Fact]
    public async Task Every_pack_has_a_place_of_its_own_and_what_is_not_there_has_none()
    {
        var target = new MemoryTarget();
        var packs = Enumerable.Range(0, 40).Select(_ => new PackId(Id256.Random())).Order().ToList();
        packs.ForEach(pack => target.Replace(ObjectNames.Pack(pack), [1]));
        var inventory = await PackInventory.TakeAsync(target, Token);
        Assert.Equal(Enumerable.Range(0, 40), packs.Select(inventory.PlaceOf));
        Assert.True(inventory.PlaceOf(new PackId(Id256.Random())) < 0);
    }
}
