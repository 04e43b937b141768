using System.Buffers;
using System.Diagnostics;
using System.IO.Hashing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Stage 7: pack -> confirmed by the target. A target that does not check what it keeps is asked to give the pack back, since a backup that
/// was never read is a hope. A crash here leaves a pack that no segment names: the next run adopts it.
/// </summary>
internal sealed class PackUploader(BackupChannels channels, Target target, int packSizeBytes, ProgressCounters counters)
{
    /// <summary>Of memory: each worker holds a pack.</summary>
    private const int MaxBytesOnTheWay = 48 * 1024 * 1024;

    private readonly CacheChoice _cache = new();
    private int _ended;

    /// <summary>To a target that is near, writing goes no faster side by side.</summary>
    private int Workers { get; } = target.Capabilities.IsNear ? 1 : Math.Max(1, Math.Min(target.Capabilities.ParallelPuts, MaxBytesOnTheWay / packSizeBytes));

    /// <summary>As many workers as pay. That of a near target blocks, on a thread of its own: in the pool it would take the place of one that compresses.</summary>
    internal void Start(StageGroup stages)
    {
        if (target.Capabilities.IsNear)
        {
            stages.StartBlocking(Run);
            return;
        }

        for (var worker = 0; worker < Workers; worker++)
        {
            stages.Start(RunAsync);
        }
    }

    private void Run(CancellationToken cancellationToken)
    {
        var packs = channels.Packs.Reader;
        while (packs.WaitToReadAsync(cancellationToken).AsTask().GetAwaiter().GetResult())
        {
            for (var isWaitedFor = false; packs.TryRead(out var pack); isWaitedFor = true)
            {
                var pastCache = _cache.IsPassed(isWaitedFor);
                var begin = Stopwatch.GetTimestamp();
                StoreAsync(pack, pastCache, cancellationToken).GetAwaiter().GetResult();
                _cache.Learn(pastCache, Stopwatch.GetElapsedTime(begin).TotalSeconds / pack.Record.LengthBytes);
            }
        }

        channels.Stored.Writer.Complete();
    }

    /// <summary>The last of the workers to end says that no more comes.</summary>
    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var pack in channels.Packs.Reader.ReadAllAsync(cancellationToken))
        {
            await StoreAsync(pack, pastCache: false, cancellationToken);
        }

        if (Interlocked.Increment(ref _ended) == Workers)
        {
            channels.Stored.Writer.Complete();
        }
    }

    private async Task StoreAsync(FinishedPack pack, bool pastCache, CancellationToken cancellationToken)
    {
        using (pack)
        {
            await StoreAsync(target, pack, pastCache, cancellationToken);
            counters.AddBytesStored(pack.Record.LengthBytes);
            await channels.Stored.Writer.WriteAsync(new StoredPack(pack.Record, pack.Entries), cancellationToken);
        }
    }

    /// <summary>Puts a pack under its new name and has it confirmed: by the checksum, where the target keeps one, or by reading it back.</summary>
    /// <exception cref="IntegrityException">UploadNotConfirmed.</exception>
    internal static async Task StoreAsync(Target target, FinishedPack pack, bool pastCache, CancellationToken cancellationToken)
    {
        using var pin = pack.Bytes.Pin();
        using var content = StreamOver(pin, pack.Bytes.Length);
        var capabilities = target.Capabilities;

        // What is read back from near at hand need not be hashed on its way there as well.
        var checksum = capabilities is { IsNear: true, ServerChecksum: false } ? (ContentHash?)null : pack.Record.Sha256;
        await target.PutAsync(pack.Record.Name, content, new PutOptions(IfAbsent: true, checksum) { IsOwnName = true, PastCache = pastCache }, cancellationToken);
        if (!capabilities.ServerChecksum)
        {
            await SecondRead.RunAsync(target, pack.Record.Name, async from =>
            {
                await ConfirmAsync(from, pack, cancellationToken);
                return pack;
            });
        }
    }

    private static unsafe UnmanagedMemoryStream StreamOver(MemoryHandle bytes, int lengthBytes) => new((byte*)bytes.Pointer, lengthBytes);

    /// <summary>By a checksum that was taken as the pack was made: one of the pack as it lies in memory now would not see what went wrong there.</summary>
    private static async Task ConfirmAsync(Target target, FinishedPack pack, CancellationToken cancellationToken)
    {
        var record = pack.Record;

        // Near by, a piece that stays in a core's second cache between the copy and the hash; over a line each is a request.
        var pieceBytes = Math.Min(target.Capabilities.IsNear ? 1024 * 1024 : 4 * 1024 * 1024, record.LengthBytes);
        using var piece = OwnedBuffer.Rent(pieceBytes);
        var checksum = new XxHash3();
        for (var offset = 0; offset < record.LengthBytes; offset += pieceBytes)
        {
            var part = piece.Memory[..Math.Min(pieceBytes, record.LengthBytes - offset)];
            await target.ReadAsync(record.Name, offset, part, cancellationToken);
            checksum.Append(part.Span);
        }

        if (checksum.GetCurrentHashAsUInt64() != pack.Checksum)
        {
            throw new IntegrityException(FaultCodes.UploadNotConfirmed, $"{target.DisplayName} took {record.Name} and gives other bytes back than were sealed.");
        }
    }
}
