using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>Whole fetches, long listings, many deletions, and what they cost.</summary>
public abstract partial class TargetConformance
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(70_000)]
    public async Task A_small_object_is_fetched_whole_with_its_stat(int sizeBytes)
    {
        var bytes = RandomNumberGenerator.GetBytes(sizeBytes);
        await PutAsync(Name, bytes);

        var fetched = await Target.TryFetchAsync(Name, sizeBytes, Cancel);

        Assert.Equal(bytes, fetched!.Bytes!.Value.ToArray());
        AssertSameStat((await Target.StatAsync(Name, Cancel))!, fetched.Stat);
    }

    [Fact]
    public async Task An_object_longer_than_the_caller_takes_is_described_and_not_read()
    {
        await PutAsync(Name, new byte[100_000]);
        var before = Target.Meter.Sample();

        var fetched = await Target.TryFetchAsync(Name, 99_999, Cancel);

        Assert.Null(fetched!.Bytes);
        Assert.Equal(100_000, fetched.Stat.LengthBytes);
        Assert.InRange(Target.Meter.Sample().Since(before).BytesReceived, 0, 99_999);
    }

    [Fact]
    public async Task What_is_not_there_is_null_to_fetch()
    {
        await PutAsync(Name, [1]);

        Assert.Null(await Target.TryFetchAsync(new ObjectName("packs/ab/missing"), 10, Cancel));
        Assert.Null(await Target.TryFetchAsync(new ObjectName("elsewhere/missing"), 10, Cancel));
        Assert.Null(await Target.TryFetchAsync(new ObjectName("packs/ab"), 10, Cancel));
    }

    [Fact]
    public async Task Each_request_is_counted_and_a_fetch_is_one()
    {
        await PutAsync(new ObjectName("before"), [1]);
        await Target.DeleteAsync(new ObjectName("before"), Cancel);

        Assert.Equal(new TargetTraffic { Puts = 1, BytesSent = 5 }, await CostOfAsync(() => Target.PutAsync(Name, new MemoryStream([1, 2, 3, 4, 5]), PutOptions.Default with { IsOwnName = true }, Cancel)));
        Assert.Equal(new TargetTraffic { Gets = 1, BytesReceived = 5 }, await CostOfAsync(() => Target.TryFetchAsync(Name, 5, Cancel)));
        Assert.Equal(new TargetTraffic { Gets = 1, BytesReceived = 2 }, await CostOfAsync(() => ReadAsync(Name, 1, 2)));
        Assert.Equal(new TargetTraffic { Stats = 1 }, await CostOfAsync(() => Target.StatAsync(Name, Cancel)));
        Assert.Equal(new TargetTraffic { Lists = 1 }, await CostOfAsync(() => ListAsync("packs/")) with { BytesReceived = 0 });
        if (!Target.Capabilities.Versions)
        {
            Assert.Equal(new TargetTraffic { Deletes = 1 }, await CostOfAsync(() => Target.DeleteAsync(Name, Cancel)));
        }
    }

    [Fact]
    public async Task A_long_listing_yields_each_object_once_and_in_order_where_that_is_declared()
    {
        var names = await PutManyAsync("packs/");

        var listed = (await ListAsync("packs/")).ConvertAll(static stat => stat.Name);

        Assert.Equal(names, Target.Capabilities.ListsInOrder ? listed : listed.Order());
    }

    [Fact]
    public async Task A_listing_goes_on_behind_a_name()
    {
        var names = await PutManyAsync("packs/");
        var after = names[names.Length / 3];

        var listed = await Target.ListAfterAsync("packs/", after, Cancel).Select(static stat => stat.Name).ToListAsync(Cancel);

        Assert.Equal(names.Where(name => name.CompareTo(after) > 0), Target.Capabilities.ListsInOrder ? listed : listed.Order());
        Assert.Empty(await Target.ListAfterAsync("packs/", names[^1], Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Many_are_deleted_at_once_missing_ones_too_and_no_others()
    {
        var names = await PutManyAsync("packs/");
        await PutAsync(new ObjectName("kept"), [1]);

        await Target.DeleteManyAsync([.. names, new ObjectName("packs/never-was")], Cancel);
        await Target.DeleteManyAsync([], Cancel);

        Assert.Equal(["kept"], (await ListAsync("")).Select(static stat => stat.Name.Value));
    }

    [Fact]
    public async Task Room_is_a_number_or_unknown() => Assert.False(await Target.GetRoomAsync(Cancel) < 0);

    /// <summary>In their order.</summary>
    private async Task<ObjectName[]> PutManyAsync(string folder)
    {
        var names = Enumerable.Range(0, ManyObjects).Select(index => new ObjectName($"{folder}{index % 7}/object-{index}")).Order().ToArray();
        await Parallel.ForEachAsync(names, Cancel, async (name, token) => await Target.PutAsync(name, new MemoryStream([1]), PutOptions.Default, token));
        return names;
    }

    private async Task<TargetTraffic> CostOfAsync(Func<Task> call)
    {
        var before = Target.Meter.Sample();
        await call();
        return Target.Meter.Sample().Since(before);
    }
}
