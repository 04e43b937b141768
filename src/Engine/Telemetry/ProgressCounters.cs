namespace SecureBackup.Engine.Telemetry;

/// <summary>What a run has done so far. Totals are null until they are known; a backup's are those of the last one.</summary>
public sealed record ProgressSnapshot
{
    public long BytesRead { get; init; }

    public long? BytesTotal { get; init; }

    public long BytesStored { get; init; }

    public long FilesSeen { get; init; }

    public long? FilesTotal { get; init; }

    public long ChunksNew { get; init; }

    public long ChunksKnown { get; init; }

    public long FaultCount { get; init; }

    /// <summary>The entry or object at hand, for people.</summary>
    public string? CurrentItem { get; init; }
}

/// <summary>
/// Counted by the stages from any thread, sampled by whoever shows it, as often as it likes. A snapshot's numbers are each right
/// and taken one after the other, not at one moment.
/// </summary>
public sealed class ProgressCounters
{
    private const long Unknown = -1;

    private long _bytesRead;
    private long _bytesTotal = Unknown;
    private long _bytesStored;
    private long _filesSeen;
    private long _filesTotal = Unknown;
    private long _chunksNew;
    private long _chunksKnown;
    private long _faultCount;
    private volatile object? _currentItem;

    /// <summary>Bytes dealt with: read, or known to be what they were.</summary>
    public void AddBytesRead(long bytes) => Interlocked.Add(ref _bytesRead, bytes);

    public void AddBytesStored(long bytes) => Interlocked.Add(ref _bytesStored, bytes);

    public void AddFile() => Interlocked.Increment(ref _filesSeen);

    public void AddChunk(bool isNew) => Interlocked.Increment(ref isNew ? ref _chunksNew : ref _chunksKnown);

    public void AddFault() => Interlocked.Increment(ref _faultCount);

    public void SetTotals(long files, long bytes)
    {
        Volatile.Write(ref _filesTotal, files);
        Volatile.Write(ref _bytesTotal, bytes);
    }

    /// <param name="item">Immutable; its text is made only when somebody looks.</param>
    public void SetCurrentItem(object? item) => _currentItem = item;

    public ProgressSnapshot Sample() => new()
    {
        BytesRead = Volatile.Read(ref _bytesRead),
        BytesTotal = KnownOrNull(Volatile.Read(ref _bytesTotal)),
        BytesStored = Volatile.Read(ref _bytesStored),
        FilesSeen = Volatile.Read(ref _filesSeen),
        FilesTotal = KnownOrNull(Volatile.Read(ref _filesTotal)),
        ChunksNew = Volatile.Read(ref _chunksNew),
        ChunksKnown = Volatile.Read(ref _chunksKnown),
        FaultCount = Volatile.Read(ref _faultCount),
        CurrentItem = _currentItem?.ToString(),
    };

    private static long? KnownOrNull(long value) => value == Unknown ? null : value;
}
