using System.Runtime.ExceptionServices;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// The stages of one run. The first stage that fails cancels the others, and its error is the run's; what the others throw because
/// they were cancelled is no news.
/// </summary>
internal sealed class StageGroup : IDisposable
{
    private readonly CancellationTokenSource _stop;
    private readonly CancellationToken _caller;
    private readonly List<Task> _stages = [];
    private ExceptionDispatchInfo? _first;

    internal StageGroup(CancellationToken cancellationToken)
    {
        _caller = cancellationToken;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Token = _stop.Token;
    }

    /// <summary>Cancelled by the caller or by the first failure.</summary>
    internal CancellationToken Token { get; }

    /// <summary>On the threads of whoever starts it: the pool's, or those of a run in the background.</summary>
    internal void Start(Func<CancellationToken, Task> stage) => _stages.Add(Task.Factory.StartNew(
        () => GuardAsync(stage), CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Current).Unwrap());

    /// <summary>Starts a stage that blocks on a thread of its own. Where the system gives none, that is a failure of the stage: others may be at work already.</summary>
    internal void StartBlocking(Action<CancellationToken> stage)
    {
        try
        {
            _stages.Add(Task.Factory.StartNew(
                () => GuardAsync(token =>
                {
                    stage(token);
                    return Task.CompletedTask;
                }),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Current).Unwrap());
        }
        catch (TaskSchedulerException reason)
        {
            _stages.Add(GuardAsync(_ => Task.FromException(reason)));
        }
    }

    /// <summary>Waits for every stage to end, however they end, then throws the first failure or the cancellation.</summary>
    internal async Task WhenAllAsync()
    {
        await Task.WhenAll(_stages);
        _first?.Throw();
        _caller.ThrowIfCancellationRequested();
    }

    public void Dispose() => _stop.Dispose();

    private async Task GuardAsync(Func<CancellationToken, Task> stage)
    {
        try
        {
            await stage(Token);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Cancelled by the caller or by a stage that failed: that one holds the error.
        }
        catch (Exception error)
        {
            Interlocked.CompareExchange(ref _first, ExceptionDispatchInfo.Capture(error), null);
            await _stop.CancelAsync();
        }
    }
}
