namespace SecureBackup.Engine.Targets;

public enum RequestKind
{
    Put,
    Get,
    Stat,
    List,
    Delete,

    /// <summary>Of multipart uploads all but the parts; locks; settings of the place.</summary>
    Other,
}

/// <summary>What was sent to a store and came back. Bytes are those of objects and of listings, without the protocol's own.</summary>
public sealed record TargetTraffic
{
    public static TargetTraffic None { get; } = new();

    public long Puts { get; init; }

    public long Gets { get; init; }

    public long Stats { get; init; }

    public long Lists { get; init; }

    public long Deletes { get; init; }

    public long Others { get; init; }

    /// <summary>Of the requests above, those that repeat an earlier one.</summary>
    public long Retries { get; init; }

    public long BytesSent { get; init; }

    public long BytesReceived { get; init; }

    public long Requests => Puts + Gets + Stats + Lists + Deletes + Others;

    public TargetTraffic Since(TargetTraffic earlier) => new()
    {
        Puts = Puts - earlier.Puts,
        Gets = Gets - earlier.Gets,
        Stats = Stats - earlier.Stats,
        Lists = Lists - earlier.Lists,
        Deletes = Deletes - earlier.Deletes,
        Others = Others - earlier.Others,
        Retries = Retries - earlier.Retries,
        BytesSent = BytesSent - earlier.BytesSent,
        BytesReceived = BytesReceived - earlier.BytesReceived,
    };
}

/// <summary>
/// Counted by whoever sends, from any thread: one request on the wire is one, a page of a listing too. Credentials' own requests (STS, metadata, tokens) are not the
/// store's and are not counted.
/// </summary>
public sealed class TargetMeter
{
    private readonly long[] _requests = new long[Enum.GetValues<RequestKind>().Length];
    private long _retries;
    private long _bytesSent;
    private long _bytesReceived;

    public void Count(RequestKind kind) => Interlocked.Increment(ref _requests[(int)kind]);

    public void CountRetry() => Interlocked.Increment(ref _retries);

    public void AddSent(long bytes) => Interlocked.Add(ref _bytesSent, bytes);

    public void AddReceived(long bytes) => Interlocked.Add(ref _bytesReceived, bytes);

    public TargetTraffic Sample() => new()
    {
        Puts = Of(RequestKind.Put),
        Gets = Of(RequestKind.Get),
        Stats = Of(RequestKind.Stat),
        Lists = Of(RequestKind.List),
        Deletes = Of(RequestKind.Delete),
        Others = Of(RequestKind.Other),
        Retries = Interlocked.Read(ref _retries),
        BytesSent = Interlocked.Read(ref _bytesSent),
        BytesReceived = Interlocked.Read(ref _bytesReceived),
    };

    private long Of(RequestKind kind) => Interlocked.Read(ref _requests[(int)kind]);
}
