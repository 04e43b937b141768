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
/// was never read is a hope. A crash here leaves a few packs that no segment names: the next run adopts them.
/// </summary>
internal sealed class PackUploader(BackupChannels channels, Target target, int packSizeBytes, ProgressCounters counters)
{
    /// <summary>Of memory: each worker holds a pack.</summary>
    private const int MaxBytesOnTheWay = 48 * 1024 * 1024;

    private readonly CacheChoice _cache = new();
    private int _ended;

    private int Workers { get; } = Math.Max(1, Math.Min(target.Capabilities.ParallelPuts, MaxBytesOnTheWay / packSizeBytes));

    /// <summary>
    /// As many workers as pay. To a near target one writes and another reads back, so that the disk does both at once, and no pack stays in memory for it. They block, each on a thread of its own:
    /// in the pool they would take the place of those that compress.
    /// </summary>
    internal void Start(StageGroup stages)
    {
        if (target.Capabilities.IsNear)
        {
            stages.StartBlocking(Write);
            stages.StartBlocking(Confirm);
            return;
        }

        for (var worker = 0; worker < Workers; worker++)
        {
            stages.Start(RunAsync);
        }
    }

    private void Write(CancellationToken cancellationToken)
    {
        var packs = channels.Packs.Reader;
        while (packs.WaitToReadAsync(cancellationToken).AsTask().GetAwaiter().GetResult())
        {
            for (var isWaitedFor = false; packs.TryRead(out var pack); isWaitedFor = true)
            {
                var written = Write(pack, _cache.IsPassed(isWaitedFor), cancellationToken);
                channels.Written.Writer.WriteAsync(written, cancellationToken).AsTask().GetAwaiter().GetResult();
            }
        }

        channels.Written.Writer.Complete();
    }

    private WrittenPack Write(FinishedPack pack, bool pastCache, CancellationToken cancellationToken)
    {
        using (pack)
        {
            var begin = Stopwatch.GetTimestamp();
            PutAsync(target, pack, pastCache, cancellationToken).GetAwaiter().GetResult();
            return new WrittenPack(new StoredPack(pack.Record, pack.Entries), pack.Checksum, pastCache, Stopwatch.GetElapsedTime(begin));
        }
    }

    private void Confirm(CancellationToken cancellationToken)
    {
        foreach (var written in channels.Written.Reader.ReadAllAsync(cancellationToken).ToBlockingEnumerable(cancellationToken))
        {
            var record = written.Pack.Record;
            var begin = Stopwatch.GetTimestamp();
            ConfirmAsync(target, record, written.Checksum, cancellationToken).GetAwaiter().GetResult();

            // Side by side, the slower of the two is what a pack takes.
            var seconds = Math.Max(written.Elapsed.TotalSeconds, Stopwatch.GetElapsedTime(begin).TotalSeconds);
            _cache.Learn(written.PastCache, seconds / record.LengthBytes);
            HandOnAsync(written.Pack, cancellationToken).AsTask().GetAwaiter().GetResult();
        }

        channels.Stored.Writer.Complete();
    }

    /// <summary>The last of the workers to end says that no more comes.</summary>
    private async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var pack in channels.Packs.Reader.ReadAllAsync(cancellationToken))
        {
            using (pack)
            {
                await StoreAsync(target, pack, pastCache: false, cancellationToken);
                await HandOnAsync(new StoredPack(pack.Record, pack.Entries), cancellationToken);
            }
        }

        if (Interlocked.Increment(ref _ended) == Workers)
        {
            channels.Stored.Writer.Complete();
        }
    }

    private ValueTask HandOnAsync(StoredPack pack, CancellationToken cancellationToken)
    {
        counters.AddBytesStored(pack.Record.LengthBytes);
        return channels.Stored.Writer.WriteAsync(pack, cancellationToken);
    }

    /// <summary>Puts a pack under its new name and has it confirmed.</summary>
    /// <exception cref="IntegrityException">UploadNotConfirmed.</exception>
    internal static async Task StoreAsync(Target target, FinishedPack pack, bool pastCache, CancellationToken cancellationToken)
    {
        await PutAsync(target, pack, pastCache, cancellationToken);
        await ConfirmAsync(target, pack.Record, pack.Checksum, cancellationToken);
    }

    private static async Task PutAsync(Target target, FinishedPack pack, bool pastCache, CancellationToken cancellationToken)
    {
        using var pin = pack.Bytes.Pin();
        using var content = StreamOver(pin, pack.Bytes.Length);

        // What is read back from near at hand need not be hashed on its way there as well.
        var checksum = target.Capabilities is { IsNear: true, ServerChecksum: false } ? (ContentHash?)null : pack.Record.Sha256;
        await target.PutAsync(pack.Record.Name, content, new PutOptions(IfAbsent: true, checksum) { IsOwnName = true, PastCache = pastCache }, cancellationToken);
    }

    /// <summary>By the target's checksum, where it keeps one, or by reading the pack back.</summary>
    private static async Task ConfirmAsync(Target target, PackRecord record, ulong checksum, CancellationToken cancellationToken)
    {
        if (!target.Capabilities.ServerChecksum)
        {
            await SecondRead.RunAsync(target, record.Name, async from =>
            {
                await ReadBackAsync(from, record, checksum, cancellationToken);
                return record;
            });
        }
    }

    private static unsafe UnmanagedMemoryStream StreamOver(MemoryHandle bytes, int lengthBytes) => new((byte*)bytes.Pointer, lengthBytes);

    /// <param name="expected">Taken as the pack was made: one of the pack as it lies in memory now would not see what went wrong there.</param>
    private static async Task ReadBackAsync(Target target, PackRecord record, ulong expected, CancellationToken cancellationToken)
    {
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

        if (checksum.GetCurrentHashAsUInt64() != expected)
        {
            throw new IntegrityException(FaultCodes.UploadNotConfirmed, $"{target.DisplayName} took {record.Name} and gives other bytes back than were sealed.");
        }
    }
}
