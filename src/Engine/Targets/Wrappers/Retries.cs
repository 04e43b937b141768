using System.Globalization;
using System.Runtime.ExceptionServices;
using Polly;
using Polly.Retry;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>The one place that retries, and only what is transient.</summary>
/// <param name="meter">Counts each retry.</param>
public sealed class Retries(RetryOptions options, TargetMeter meter, TimeProvider clock, IEngineSink sink)
{
    /// <summary>
    /// The first try is made without Polly, which then begins with its failure: it counts, and the pause after it is the first. A small run, whose calls all succeed, spent
    /// 15 ms on compiling what it did not need.
    /// </summary>
    /// <param name="held">How long a bandwidth limit has held the call up: that is in no deadline.</param>
    public async Task<T> RunAsync<T>(string doing, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken, Func<TimeSpan>? held = null)
    {
        var began = clock.GetTimestamp();
        Exception? failure;
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return await call(cancellationToken);
        }
        catch (TargetException exception) when (exception.IsTransient)
        {
            failure = exception;
        }

        return await Build(doing, () => clock.GetElapsedTime(began) - (held?.Invoke() ?? TimeSpan.Zero)).ExecuteAsync(
            async token =>
            {
                if (Interlocked.Exchange(ref failure, null) is { } first)
                {
                    ExceptionDispatchInfo.Throw(first);
                }

                return await call(token);
            },
            cancellationToken);
    }

    private ResiliencePipeline Build(string doing, Func<TimeSpan> elapsed) => new ResiliencePipelineBuilder { TimeProvider = clock }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<TargetException>(static exception => exception.IsTransient),
            MaxRetryAttempts = options.MaxRetries,
            Delay = options.Delay,
            MaxDelay = options.MaxDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            DelayGenerator = failed => ValueTask.FromResult(AskedOf(failed.Outcome.Exception)),
            OnRetry = next =>
            {
                if (elapsed() + next.RetryDelay > options.Deadline)
                {
                    ExceptionDispatchInfo.Throw(next.Outcome.Exception!);
                }

                meter.CountRetry();
                sink.Report(new BackupEvent(
                    EventSeverity.Verbose,
                    string.Create(CultureInfo.InvariantCulture, $"{doing} again in {next.RetryDelay.TotalSeconds:0.0} s: {next.Outcome.Exception!.Message}")));
                return ValueTask.CompletedTask;
            },
        })
        .Build();

    /// <summary>The pause that the store asked for; null leaves it to the options.</summary>
    private TimeSpan? AskedOf(Exception? failure) => failure is TargetException { RetryAfter: { } pause } && pause > TimeSpan.Zero
        ? pause < options.MaxRetryAfter ? pause : options.MaxRetryAfter
        : null;
}
