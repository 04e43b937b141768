using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Pipeline;

/// <summary>One batch is fetched and written while the next is planned.</summary>
internal sealed partial class RestorePlanner
{
    private RestoreBatch _batch = new(parts.BatchBytes);
    private BatchUnderWay? _underWay;

    /// <summary>
    /// Has the batch fetched while the next is planned, after the one before is done: two are in the making at most. A file that is planned only in part goes on in the next.
    /// </summary>
    private async ValueTask FetchAsync(CancellationToken cancellationToken, RestoringFile? unfinished = null)
    {
        await FinishUnderWayAsync(cancellationToken);
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
    }

    private async ValueTask FinishUnderWayAsync(CancellationToken cancellationToken)
    {
        if (_underWay is not { } done)
        {
            return;
        }

        _underWay = null;
        var files = done.Batch.Files.Where(file => file != done.Batch.Unfinished);
        try
        {
            await done.Fetched;
        }
        catch (DestinationException)
        {
            // No more room, or a failing disk: what is whole already has its name.
            _finisher.FinishFiles(files.Where(static file => file.Outcome is not null));
            throw;
        }

        _finisher.FinishFiles(files);
        _finisher.FinishPassed(done.Passed);
        await CommitJournalAsync(cancellationToken);
    }

    /// <summary>Fetches what is left, and waits for it.</summary>
    private async ValueTask FetchRestAsync(CancellationToken cancellationToken)
    {
        await FetchAsync(cancellationToken);
        await FinishUnderWayAsync(cancellationToken);
        _finisher.FinishAll();
    }

    /// <summary>No work outlives a plan that failed. What went wrong in it is known; what it leads to elsewhere is no news.</summary>
    private async Task EndAsync()
    {
        if (_underWay is { } left)
        {
            await left.Fetched.ContinueWith(static fetched => _ = fetched.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private sealed record BatchUnderWay(RestoreBatch Batch, PassedEntries Passed, Task Fetched);
}
