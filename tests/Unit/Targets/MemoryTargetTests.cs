using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class MemoryTargetTests
{
    private static readonly ObjectName Name = new("object");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_clone_goes_its_own_way()
    {
        var original = new MemoryTarget();
        original.Replace(Name, [1]);

        var clone = original.Clone();
        clone.Replace(Name, [2]);
        await clone.PutAsync(new ObjectName("other"), new MemoryStream([3]), PutOptions.Default, Cancel);

        Assert.Equal([Name], original.Objects.Keys);
        Assert.Equal([1], original.Objects[Name].ToArray());
        Assert.Equal([2], clone.Objects[Name].ToArray());
    }

    [Fact]
    public async Task Tampering_is_what_readers_then_see()
    {
        var target = new MemoryTarget();
        byte[] bytes = [1, 2, 3];
        await target.PutAsync(Name, new MemoryStream(bytes), PutOptions.Default, Cancel);
        var before = target.Objects;

        target.Replace(Name, [9]);
        Assert.Equal(1, (await target.StatAsync(Name, Cancel))!.LengthBytes);
        Assert.True(target.Remove(Name));
        Assert.False(target.Remove(Name));

        Assert.Null(await target.StatAsync(Name, Cancel));
        Assert.Equal(bytes, before[Name].ToArray());
    }

    [Fact]
    public async Task Store_times_are_those_of_the_clock()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2031, 5, 6, 7, 8, 9, TimeSpan.Zero));
        var target = new MemoryTarget(clock);

        var receipt = await target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel);
        clock.Advance(TimeSpan.FromHours(1));

        Assert.Equal(clock.Start, receipt.StoreTime);
        Assert.Equal(clock.Start, (await target.StatAsync(Name, Cancel))!.StoreTime);
    }

    [Fact]
    public async Task An_object_over_the_limit_is_unsupported_before_a_byte_is_read()
    {
        var target = new MemoryTarget();
        using var content = new EndlessLookingStream(target.Capabilities.MaxObjectBytes + 1);

        var error = await Assert.ThrowsAsync<TargetException>(() => target.PutAsync(Name, content, PutOptions.Default, Cancel));

        Assert.Equal(TargetFault.Unsupported, error.Fault);
        Assert.Equal(0, content.Position);
    }

    private sealed class EndlessLookingStream(long length) : MemoryStream
    {
        public override long Length => length;
    }
}
