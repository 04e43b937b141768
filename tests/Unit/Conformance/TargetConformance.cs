using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>
/// What every target must keep. A platform's test file is one subclass that says how to make a target. The file is long because it is
/// read as one list of promises.
/// </summary>
public abstract partial class TargetConformance : IAsyncLifetime
{
    private static readonly ObjectName Name = new("packs/ab/abcdef-01");

    protected Target Target { get; private set; } = null!;

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>How far the store's clock may be off, its granularity included.</summary>
    protected virtual TimeSpan ClockTolerance => TimeSpan.FromMinutes(1);

    protected abstract ValueTask<Target> CreateAsync();

    /// <summary>What the target must declare, word by word.</summary>
    protected abstract TargetCapabilities Expected { get; }

    /// <summary>Above so many bytes this target sends an object in parts, of so many each; 0 where it never does.</summary>
    protected virtual int PartBytes => 0;

    /// <summary>Enough that a listing has several pages.</summary>
    protected virtual int ManyObjects => 100;

    public async ValueTask InitializeAsync()
    {
        SkipIfExempt();
        Target = await CreateAsync();
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (Target is not null)
        {
            await Target.DisposeAsync();
        }

        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("0")]
    [InlineData("a-b/c-d/e")]
    [InlineData("-")]
    [InlineData("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    public async Task A_name_comes_back_as_it_was_given(string value)
    {
        var name = new ObjectName(value);
        await PutAsync(name, [1, 2, 3]);

        Assert.Equal([name], (await ListAsync("")).Select(stat => stat.Name));
        Assert.Equal([1, 2, 3], await ReadAllAsync(name));
    }

    [Fact]
    public async Task The_longest_name_is_kept()
    {
        var name = new ObjectName(string.Concat(Enumerable.Repeat("abcdefghi/", 19)) + "abcdefghij");
        Assert.Equal(ObjectName.MaxLength, name.Value.Length);

        await PutAsync(name, [7]);

        Assert.Equal([7], await ReadAllAsync(name));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(65537)]
    [InlineData(1 << 20)]
    public async Task Every_size_comes_back_whole(int sizeBytes)
    {
        var bytes = RandomNumberGenerator.GetBytes(sizeBytes);

        var receipt = await PutAsync(Name, bytes);

        Assert.Equal(sizeBytes, receipt.LengthBytes);
        Assert.Equal(sizeBytes, (await Target.StatAsync(Name, Cancel))!.LengthBytes);
        Assert.Equal(bytes, await ReadAllAsync(Name));
        Assert.Equal(bytes, await ReadAllAsync(Name));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_part_more_or_less_comes_back_whole(int difference)
    {
        var bytes = RandomNumberGenerator.GetBytes((2 * PartBytes) + difference + 1);

        await Target.PutAsync(Name, new MemoryStream(bytes), new PutOptions(Sha256: ContentHash.Of(bytes)), Cancel);

        Assert.Equal(bytes, await ReadAllAsync(Name));
    }

    [Fact]
    public async Task A_put_that_is_cancelled_between_parts_leaves_nothing()
    {
        using var source = new CancellationTokenSource();
        using var content = new ProbeStream(new byte[(2 * PartBytes) + 2]) { AtByte = PartBytes + 1, Action = source.Cancel };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Target.PutAsync(Name, content, PutOptions.Default, source.Token));

        await AssertNothingThereAsync();
    }

    [Fact]
    public async Task A_right_checksum_is_accepted()
    {
        var bytes = RandomNumberGenerator.GetBytes(1000);

        await Target.PutAsync(Name, new MemoryStream(bytes), new PutOptions(Sha256: ContentHash.Of(bytes)), Cancel);

        Assert.Equal(bytes, await ReadAllAsync(Name));
    }

    [Fact]
    public async Task A_wrong_checksum_is_refused_and_leaves_nothing()
    {
        var options = new PutOptions(Sha256: ContentHash.Of([1]));

        var error = await Assert.ThrowsAsync<IntegrityException>(() => Target.PutAsync(Name, new MemoryStream([2]), options, Cancel));

        Assert.Equal(FaultCodes.ContentMismatch, error.Code);
        await AssertNothingThereAsync();
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public async Task A_body_that_is_shorter_or_longer_than_it_said_is_refused_and_leaves_nothing(int difference)
    {
        using var content = new ProbeStream(new byte[200_000]) { LengthError = -difference };

        var error = await Assert.ThrowsAsync<IntegrityException>(() => Target.PutAsync(Name, content, PutOptions.Default, Cancel));

        Assert.Equal(FaultCodes.ContentMismatch, error.Code);
        await AssertNothingThereAsync();
    }

    [Fact]
    public async Task If_absent_keeps_the_old_bytes()
    {
        await PutAsync(Name, [1, 2, 3]);

        await AssertFaultAsync(TargetFault.AlreadyExists, () => PutAsync(Name, [4, 5]));

        Assert.Equal([1, 2, 3], await ReadAllAsync(Name));
        Assert.Single(await ListAsync(""));
    }

    [Fact]
    public async Task Without_if_absent_the_new_bytes_replace_the_old_ones()
    {
        await PutAsync(Name, [1, 2, 3]);

        await Target.PutAsync(Name, new MemoryStream([4, 5]), new PutOptions(IfAbsent: false), Cancel);

        Assert.Equal([4, 5], await ReadAllAsync(Name));
        Assert.Single(await ListAsync(""));
    }

    [Fact]
    public async Task Ranges_inside_and_up_to_the_end_are_read()
    {
        byte[] bytes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
        await PutAsync(Name, bytes);

        for (var offset = 0; offset <= bytes.Length; offset++)
        {
            for (var length = 0; length <= bytes.Length - offset; length++)
            {
                Assert.Equal(bytes[offset..(offset + length)], await ReadAsync(Name, offset, length));
            }
        }
    }

    [Theory]
    [InlineData(0, 11)]
    [InlineData(9, 2)]
    [InlineData(10, 1)]
    [InlineData(11, 0)]
    [InlineData(1L << 40, 1)]
    public async Task A_range_past_the_end_is_out_of_range(long offset, int length)
    {
        await PutAsync(Name, new byte[10]);

        await AssertFaultAsync(TargetFault.OutOfRange, () => ReadAsync(Name, offset, length));
    }

    [Fact]
    public async Task What_is_not_there_is_null_to_stat_and_not_found_to_read()
    {
        await PutAsync(Name, [1]);
        var missing = new ObjectName("packs/ab/missing");

        Assert.Null(await Target.StatAsync(missing, Cancel));
        Assert.Null(await Target.StatAsync(new ObjectName("elsewhere/missing"), Cancel));
        Assert.Null(await Target.StatAsync(new ObjectName("packs/ab"), Cancel));
        await AssertFaultAsync(TargetFault.NotFound, () => ReadAsync(missing, 0, 1));
        await AssertFaultAsync(TargetFault.NotFound, () => ReadAsync(new ObjectName("elsewhere/missing"), 0, 0));
        await AssertFaultAsync(TargetFault.NotFound, () => ReadAsync(new ObjectName("packs/ab"), 0, 1));
    }

    [Fact]
    public async Task A_listing_yields_what_is_below_the_prefix_exactly_once()
    {
        string[] names = ["a", "b/one", "b/two", "b/deep/three", "b-c/four", "bb/five"];
        foreach (var name in names)
        {
            await PutAsync(new ObjectName(name), new byte[name.Length]);
        }

        var all = await ListAsync("");
        Assert.Equal(names.Order(StringComparer.Ordinal), all.Select(stat => stat.Name.Value).Order(StringComparer.Ordinal));
        Assert.All(all, stat => Assert.Equal(stat.Name.Value.Length, stat.LengthBytes));
        Assert.Equal(["b/deep/three", "b/one", "b/two"], (await ListAsync("b/")).Select(stat => stat.Name.Value).Order(StringComparer.Ordinal));
        Assert.Equal(["b/deep/three"], (await ListAsync("b/deep/")).Select(stat => stat.Name.Value));
        Assert.Empty(await ListAsync("nothing/"));
        Assert.Empty(await ListAsync("a/"));
    }

    [Theory]
    [InlineData("b")]
    [InlineData("/")]
    [InlineData("../")]
    [InlineData("a//")]
    public async Task A_prefix_that_is_none_is_refused(string prefix) => await Assert.ThrowsAsync<ArgumentException>(() => ListAsync(prefix));

    [Fact]
    public async Task Deleting_twice_is_no_error_and_frees_the_name()
    {
        await PutAsync(Name, [1]);

        await Target.DeleteAsync(Name, Cancel);
        await Target.DeleteAsync(Name, Cancel);
        await Target.DeleteAsync(new ObjectName("never/was"), Cancel);

        await AssertNothingThereAsync();
        await PutAsync(Name, [2]);
        Assert.Equal([2], await ReadAllAsync(Name));
    }

    [Fact]
    public async Task Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes()
    {
        var bodies = Enumerable.Range(0, 8).Select(writer => Enumerable.Repeat((byte)writer, 100_000).ToArray()).ToArray();

        var isStored = await Task.WhenAll(bodies.Select(body => Task.Run(
            async () =>
            {
                try
                {
                    await PutAsync(Name, body);
                    return true;
                }
                catch (TargetException error) when (error.Fault == TargetFault.AlreadyExists)
                {
                    return false;
                }
            },
            Cancel)));

        var winner = Array.IndexOf(isStored, true);
        Assert.Single(isStored, stored => stored);
        Assert.Equal(bodies[winner], await ReadAllAsync(Name));
        Assert.Single(await ListAsync(""));
    }

    [Fact]
    public async Task Concurrent_puts_of_different_names_are_all_stored()
    {
        var names = Enumerable.Range(0, 32).Select(index => new ObjectName($"packs/{index % 4}/object-{index}")).ToArray();

        await Task.WhenAll(names.Select((name, index) => Task.Run(() => PutAsync(name, [(byte)index]), Cancel)));

        Assert.Equal(names.Order(), (await ListAsync("packs/")).Select(stat => stat.Name).Order());
        for (var index = 0; index < names.Length; index++)
        {
            Assert.Equal([(byte)index], await ReadAllAsync(names[index]));
        }
    }

    [Fact]
    public async Task What_is_cancelled_before_it_starts_does_nothing()
    {
        await PutAsync(new ObjectName("kept"), [1]);
        using var source = new CancellationTokenSource();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Target.DeleteAsync(new ObjectName("kept"), source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Target.ReadAsync(new ObjectName("kept"), 0, new byte[1], source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Target.StatAsync(new ObjectName("kept"), source.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Target.ListAsync("", source.Token).ToListAsync(Cancel).AsTask());

        Assert.Equal(["kept"], (await ListAsync("")).Select(stat => stat.Name.Value));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(300_000)]
    [InlineData(500_000)]
    public async Task A_put_that_is_cancelled_on_the_way_leaves_nothing(int atByte)
    {
        using var source = new CancellationTokenSource();
        using var content = new ProbeStream(new byte[500_000]) { AtByte = atByte, Action = source.Cancel };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Target.PutAsync(Name, content, PutOptions.Default, source.Token));

        await AssertNothingThereAsync();
    }

    [Fact]
    public async Task An_error_of_the_content_is_passed_on_and_leaves_nothing()
    {
        using var content = new ProbeStream(new byte[500_000]) { AtByte = 300_000, Action = () => throw new IOException("the source broke") };

        var error = await Assert.ThrowsAsync<IOException>(() => Target.PutAsync(Name, content, PutOptions.Default, Cancel));

        Assert.Equal("the source broke", error.Message);
        await AssertNothingThereAsync();
    }

    [Fact]
    public async Task Content_is_read_from_its_start_and_not_disposed()
    {
        using var content = new ProbeStream([1, 2, 3]) { Position = 2 };

        await Target.PutAsync(Name, content, PutOptions.Default, Cancel);

        Assert.False(content.IsDisposed);
        Assert.Equal([1, 2, 3], await ReadAllAsync(Name));
    }

    [Fact]
    public async Task The_store_time_is_plausible_and_the_same_everywhere()
    {
        var receipt = await PutAsync(Name, [1]);
        var stat = await Target.StatAsync(Name, Cancel);
        var listed = Assert.Single(await ListAsync(""));

        Assert.InRange(receipt.StoreTime, DateTimeOffset.UtcNow - ClockTolerance, DateTimeOffset.UtcNow + ClockTolerance);
        AssertSameTime(receipt.StoreTime, stat!.StoreTime);
        Assert.Equal((receipt.LengthBytes, receipt.Tag), (stat.LengthBytes, stat.Tag));
        AssertSameStat(stat, listed);
    }

    protected async Task<PutReceipt> PutAsync(ObjectName name, byte[] bytes) =>
        await Target.PutAsync(name, new MemoryStream(bytes), PutOptions.Default, Cancel);

    protected async Task<byte[]> ReadAllAsync(ObjectName name) =>
        await ReadAsync(name, 0, (int)(await Target.StatAsync(name, Cancel))!.LengthBytes);

    protected async Task<byte[]> ReadAsync(ObjectName name, long offset, int lengthBytes)
    {
        var bytes = new byte[lengthBytes];
        await Target.ReadAsync(name, offset, bytes, Cancel);
        return bytes;
    }

    protected async Task<List<ObjectStat>> ListAsync(string prefix) => await Target.ListAsync(prefix, Cancel).ToListAsync(Cancel);

    protected void AssertSameTime(DateTimeOffset expected, DateTimeOffset actual) =>
        Assert.InRange(actual - expected, -Target.Capabilities.StoreTimeTolerance, Target.Capabilities.StoreTimeTolerance);

    protected void AssertSameStat(ObjectStat expected, ObjectStat actual)
    {
        Assert.Equal(expected, actual with { StoreTime = expected.StoreTime });
        AssertSameTime(expected.StoreTime, actual.StoreTime);
    }

    protected static async Task AssertFaultAsync(TargetFault fault, Func<Task> call)
    {
        var error = await Assert.ThrowsAsync<TargetException>(call);
        Assert.True(fault == error.Fault, $"{error.Fault} instead of {fault}: {error.Message} {error.InnerException?.Message}");
        Assert.Equal(FaultCodes.ForTarget(fault), error.Code);
    }

    /// <summary>Neither the name nor anything else: a target with other traces (temporary files) looks for those too.</summary>
    protected virtual async Task AssertNothingThereAsync()
    {
        Assert.Null(await Target.StatAsync(Name, Cancel));
        Assert.Empty(await ListAsync(""));
    }
}
