using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What a run may take of the machine and of the way to the target.</summary>
public sealed record RunLimits
{
    public static RunLimits None { get; } = new();

    /// <summary>Bytes of objects a second, both directions together; null for no limit.</summary>
    public long? MaxBytesPerSecond { get; init; }

    /// <summary>Half of the processors, and those only when nobody else wants them.</summary>
    public bool IsInBackground { get; init; }

    /// <summary>Nothing is taken from this host's cache: the run judges what the store keeps, or deletes there.</summary>
    public bool ReadsStore { get; init; }

    /// <summary>Nothing is sent, and nothing stays on this host.</summary>
    public bool IsDryRun { get; init; }

    /// <summary>The vault as this run is to use it, reporting to <paramref name="sink"/>. It stays the caller's.</summary>
    /// <param name="isShared">Whether it was open before: then what others asked of the target is not this run's.</param>
    /// <param name="host">Where the run keeps what this host is to remember; null for where the vault does.</param>
    public UnlockedVault Apply(UnlockedVault vault, IEngineSink sink, bool isShared, HostState? host = null)
    {
        var target = ReadsStore || IsDryRun ? vault.Target.Uncached : vault.Target;
        target = MaxBytesPerSecond is { } rate ? target.Rewired(inner => new ThrottledTarget(inner, rate, vault.Time)) : target;
        var view = vault.ForRun(sink, IsDryRun ? new DryRunTarget(target, vault.Time) : target, host);
        view.VerifiesAnew = ReadsStore;
        view.TrafficMark = isShared ? target.Meter.Sample() : TargetTraffic.None;
        return view;
    }

    /// <summary>Does the work, and returns when it has ended.</summary>
    public async Task RunAsync(Func<Task> work)
    {
        if (!IsInBackground)
        {
            await work();
            return;
        }

        using var threads = new BackgroundThreads(Math.Max(1, Environment.ProcessorCount / 2));
        await Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, threads).Unwrap();
    }
}
