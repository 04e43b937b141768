using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class TargetStackTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_order_is_fixed_and_a_near_target_has_no_cache()
    {
        var options = new TargetStackOptions { Bandwidth = BandwidthPlan.Constant(1), IsReadOnly = true, CacheFolder = _folder["cache"] };

        await using var far = TargetStack.Build(new MemoryTarget(options: new MemoryTargetOptions { IsNear = false }), options);
        await using var near = TargetStack.Build(new MemoryTarget(), options);
        await using var plain = TargetStack.Build(new MemoryTarget(options: new MemoryTargetOptions { IsNear = false }), new TargetStackOptions());

        Assert.IsType<HostCacheTarget>(far);
        Assert.IsType<ReadOnlyTarget>(far.Uncached);
        Assert.IsType<ReadOnlyTarget>(near);
        Assert.IsType<RetryTarget>(plain);
    }
}
