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
    public async Task Packs_that_no_segment_names_are_noticed()
    {
        var target = new MemoryTarget();
        var (named, forgotten) = (new PackId(Id256.Random()), new PackId(Id256.Random()));
        target.Replace(ObjectNames.Pack(named), [1]);
        HashSet<ulong> indexed = [named.Value.A, Id256.Random().A];
        Assert.False((await PackInventory.TakeAsync(target, Token)).HasOtherThan(indexed));
        target.Replace(ObjectNames.Pack(forgotten), [1]);
        Assert.True((await PackInventory.TakeAsync(target, Token)).HasOtherThan(indexed));
    }
}
