using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class RunLimitsTests
{
    [Fact]
    public async Task A_limited_run_stores_and_gives_back_the_same()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a.bin", 3_000_000, seed: 1);
        scene.WriteRandom("b/c.bin", 10_000, seed: 2);
        var limits = new RunLimits { IsInBackground = true, MaxBytesPerSecond = 1L << 32 };
        using var vault = await scene.UnlockAsync();
        BackupResult? result = null;
        await limits.RunAsync(async () => result = await scene.BackUpAsync(limits.Apply(vault, scene.Sink, isShared: false)));
        var restored = await scene.RestoreAsync(result!.Snapshot.Id);
        Assert.Empty(restored.Faults);
        Assert.Equal(File.ReadAllBytes(Path.Combine(scene.SourcePath, "a.bin")), File.ReadAllBytes(Path.Combine(scene.RestorePath, "source", "a.bin")));
    }

    [Fact]
    public async Task Each_run_says_what_it_asked_of_the_target_and_the_first_what_the_opening_did()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a.bin", 100_000, seed: 1);
        var before = scene.Target.Meter.Sample();
        using var vault = await scene.UnlockAsync();
        var opening = scene.Target.Meter.Sample().Since(before);

        vault.TrafficMark = before;
        var first = await scene.BackUpAsync(vault);
        var second = await scene.BackUpAsync(RunLimits.None.Apply(vault, scene.Sink, isShared: true));
        var all = scene.Target.Meter.Sample().Since(before);

        Assert.True(opening.Requests > 0 && first.Traffic.Requests > opening.Requests + second.Traffic.Puts, $"{opening}\n{first.Traffic}\n{second.Traffic}");
        Assert.Equal(all.Requests, first.Traffic.Requests + second.Traffic.Requests);
        Assert.Equal(all.BytesSent, first.Traffic.BytesSent + second.Traffic.BytesSent);
        Assert.Equal(RunLimits.None.Apply(vault, scene.Sink, isShared: false).TakeTraffic(), scene.Target.Meter.Sample());
    }

    [Fact]
    public async Task A_view_has_its_own_listener_shares_the_register_and_wipes_nothing()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var own = new RecordingSink();
        using (var view = vault.ForRun(own, vault.Target))
        {
            view.Sink.Report(new BackupEvent(EventSeverity.Verbose, "heard here alone"));
            await WriterKeys.ExportAsync(view, "shop01", scene.Folder["shop01.key"], null, PipelineScene.Token);
            Assert.Same(view.Register, vault.Register);
        }

        Assert.Single(own.Events);
        Assert.Empty(scene.Sink.Events);
        scene.WriteRandom("a.bin", 10_000, seed: 1);
        Assert.Equal(SnapshotOutcome.Succeeded, (await scene.BackUpAsync(vault)).Outcome);
    }
}
