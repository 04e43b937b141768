using System.Collections.Concurrent;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>What the stamps of each mounted file system prove, learnt at its first sight.</summary>
internal sealed class UnixFileSystemTraits(ChangeTimeTrust trust)
{
    private static readonly TimeSpan UnknownGrain = TimeSpan.FromSeconds(2);

    /// <summary>One tick of the slowest common kernel: its coarse clock stamps the files.</summary>
    private static readonly TimeSpan KernelTick = TimeSpan.FromMilliseconds(10);

    private readonly ConcurrentDictionary<ulong, StampTrust> _byDevice = new();
    private KnownDevice? _last;

    public void Learn(ulong device, StampTrust stamps) => _byDevice.TryAdd(device, stamps);

    public bool Knows(ulong device) => Volatile.Read(ref _last)?.Device == device || _byDevice.ContainsKey(device);

    public bool HasStableIdentity(ulong device) => trust switch
    {
        ChangeTimeTrust.Always => true,
        ChangeTimeTrust.Never => false,
        _ => StampsOf(device) != StampTrust.None,
    };

    /// <summary>A change time with nanoseconds proves fine stamps: the kernel sets it, nobody copies it in.</summary>
    public TimeSpan Granularity(ulong device, Timestamp changedAt) =>
        changedAt.Nanoseconds != 0 && StampsOf(device) == StampTrust.OwnClock ? KernelTick : UnknownGrain;

    /// <summary>Asked three times for each entry, nearly always of one device.</summary>
    private StampTrust StampsOf(ulong device)
    {
        if (Volatile.Read(ref _last) is { } last && last.Device == device)
        {
            return last.Stamps;
        }

        if (!_byDevice.TryGetValue(device, out var stamps))
        {
            return StampTrust.None;
        }

        Volatile.Write(ref _last, new KnownDevice(device, stamps));
        return stamps;
    }

    private sealed record KnownDevice(ulong Device, StampTrust Stamps);
}
