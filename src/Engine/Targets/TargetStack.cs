using System.Security.Cryptography;
using System.Text;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Targets;

public sealed record TargetStackOptions
{
    public RetryOptions Retry { get; init; } = RetryOptions.Default;

    public BandwidthPlan? Bandwidth { get; init; }

    public bool IsReadOnly { get; init; }

    /// <summary>Null for no cache; ignored for near targets.</summary>
    public string? CacheFolder { get; init; }

    public IEngineSink Sink { get; init; } = NullSink.Instance;

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>The one order of wrappers, from the store outwards: what is retried, slowed, forbidden and kept on this host.</summary>
public static class TargetStack
{
    /// <param name="platform">Taken over.</param>
    public static Target Build(Target platform, TargetStackOptions options)
    {
        Target target = new RetryTarget(platform, options.Retry, options.Time, options.Sink);
        if (options.Bandwidth is { } plan)
        {
            target = new ThrottledTarget(target, plan, options.Time);
        }

        if (options.IsReadOnly)
        {
            target = new ReadOnlyTarget(target);
        }

        return options.CacheFolder is { } folder && !platform.Capabilities.IsNear
            ? new HostCacheTarget(target, new HostObjectCache(Path.Join(folder, FolderOf(platform)), options.Sink) { HostFolder = folder })
            : target;
    }

    private static string FolderOf(Target platform) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(platform.DisplayName)).AsSpan(0, 16));
}
