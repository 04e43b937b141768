using System.Diagnostics;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Pipeline;

/// <summary>One batch is fetched and written while the next is planned.</summary>
internal sealed partial class RestorePlanner
{
    /// <summary>Each flush holds up who makes files, however little there is to flush.</summary>
    private const long MinFlushBytes = 256L * 1024 * 1024;

    private static readonly TimeSpan MinFlushTime = TimeSpan.FromSeconds(1);

    private RestoreBatch _batch = new(parts.BatchBytes, isFirst: true);
    private BatchUnderWay? _underWay;
    private Task _flushed = Task.CompletedTask;
    private long _flushedAt = Stopwatch.GetTimestamp();
    private long _writtenBytes;

    /// <summary>
    /// Has the batch fetched while the next is planned, after the one before is done: two are in the making at most. A file that is planned only in part goes on in the next.
    /// </summary>
    private async ValueTask FetchAsync(CancellationToken cancellationToken, RestoringFile? unfinished = null)
    {
        var done = await EndUnderWayAsync();
        cancellationToken.ThrowIfCancellationRequested();
        _batch.Unfinished = unfinished;
        // What waits to be compared may still need its first name, or change its folder.
        var passed = _isSettling || _standing.IsWaiting ? new PassedEntries([], []) : _finisher.TakePassed();
        _underWay = new BatchUnderWay(_batch, passed, fetcher.FetchAsync(_batch, cancellationToken));
        _batch = new RestoreBatch(parts.BatchBytes);
        if (unfinished is not null)
        {
            _batch.Files.Add(unfinished);
        }

        // Meanwhile the workers go on: the folders of a large tree take a while to get their attributes.
        await FinishAsync(done, cancellationToken);
        BeginFlush(done);
    }

    /// <summary>
    /// The disk begins with what is whole: left to the flush at the end, 100,000 small files wait a second for it, with the cores idle. What it refuses, that flush tells.
    /// </summary>
    private void BeginFlush(BatchUnderWay? done)
    {
        _writtenBytes += done?.Batch.WrittenBytes ?? 0;
        if (_flushed.IsCompleted && (_writtenBytes >= MinFlushBytes || (_writtenBytes > 0 && Stopwatch.GetElapsedTime(_flushedAt) >= MinFlushTime)))
        {
            (_writtenBytes, _flushedAt) = (0, Stopwatch.GetTimestamp());
            _flushed = parts.Destination.FlushAsync(CancellationToken.None).ContinueWith(
                static flushed => _ = flushed.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>The batch under way, once all in it is written.</summary>
    private async ValueTask<BatchUnderWay?> EndUnderWayAsync()
    {
        var done = _underWay;
        if (done is not null)
        {
            await done.Fetched;
        }

        _underWay = null;
        return done;
    }

    private async ValueTask FinishAsync(BatchUnderWay? done, CancellationToken cancellationToken)
    {
        if (done is null)
        {
            return;
        }

        _finisher.FinishFiles(done.Files);
        _finisher.FinishPassed(done.Passed);
        await CommitJournalAsync(cancellationToken);
    }

    /// <summary>Fetches what is left, and waits for it.</summary>
    private async ValueTask FetchRestAsync(CancellationToken cancellationToken)
    {
        await FetchAsync(cancellationToken);
        await FinishAsync(await EndUnderWayAsync(), cancellationToken);
        _finisher.FinishAll();
    }

    /// <summary>
    /// No work outlives a plan that failed: no room, a failing disk, a store that does not answer. What is whole has its name by then, so it is told, and noted where the disk
    /// still takes it. What else went wrong meanwhile is no news.
    /// </summary>
    private async Task EndAsync(CancellationToken cancellationToken)
    {
        await _flushed;
        if (_underWay is not { } left)
        {
            return;
        }

        _underWay = null;
        await left.Fetched.ContinueWith(static fetched => _ = fetched.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        if (cancellationToken.IsCancellationRequested)
        {
            return;
        }

        _finisher.FinishFiles(left.Files.Where(static file => file.Outcome is not null));
        try
        {
            await CommitJournalAsync(cancellationToken);
        }
        catch (DestinationException)
        {
            // Then the next attempt compares them again.
        }
    }

    private sealed record BatchUnderWay(RestoreBatch Batch, PassedEntries Passed, Task Fetched)
    {
        /// <summary>All but the one that goes on in the next.</summary>
        internal IEnumerable<RestoringFile> Files => Batch.Files.Where(file => file != Batch.Unfinished);
    }
}
