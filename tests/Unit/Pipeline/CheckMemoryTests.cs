using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class CheckMemoryTests
{
    private const int MiB = 1024 * 1024;

    [Theory]
    [InlineData(32)]
    [InlineData(16)]
    [InlineData(64)]
    public async Task Packs_that_are_judged_at_once_take_128_MiB_at_most(int packMiB)
    {
        using var scene = await PipelineScene.CreateAsync(packSizeBytes: packMiB * MiB);
        using var vault = await scene.UnlockAsync();
        using var check = new PackVerifier(vault.RequireReader(), new ProgressCounters());
        Assert.InRange(check.AtOnce, 1, Math.Min(8, 128 / packMiB));
    }
}
