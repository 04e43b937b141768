using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Polly;
using Polly.Retry;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <param name="MaxRetries">Tries after the first, for each call.</param>
/// <param name="Delay">Before the first retry; doubles each time, jittered.</param>
/// <param name="MaxDelay">No pause is longer.</param>
public sealed record RetryOptions(int MaxRetries, TimeSpan Delay, TimeSpan MaxDelay)
{
    /// <summary>About two minutes of patience: a rebooting switch, a throttled account.</summary>
    public static RetryOptions Default { get; } = new(8, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(30));
}

/// <summary>
/// The one place that retries, and only what is transient. A put that was tried again and finds its own bytes under the name has
/// succeeded: an earlier try was stored although its answer was lost.
/// </summary>
public sealed class RetryTarget : DelegatingTarget
{
    private const int ReadBackBytes = 1 << 20;

    /// <summary>Built when the first call fails: a small run, whose calls all succeed, spent 15 ms on compiling it.</summary>
    private readonly Lazy<ResiliencePipeline> _pipeline;

    public RetryTarget(Target inner, RetryOptions? options = null, TimeProvider? clock = null)
        : base(inner)
    {
        options ??= RetryOptions.Default;
        _pipeline = new Lazy<ResiliencePipeline>(() => Build(options, clock ?? TimeProvider.System));
    }

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        var isRetry = false;
        return await CallAsync(
            async token =>
            {
                try
                {
                    content.Position = 0;
                    return await Inner.PutAsync(name, content, options, token);
                }
                catch (TargetException exception) when (isRetry && options.IfAbsent && exception.Fault == TargetFault.AlreadyExists)
                {
                    if (await FindOwnAsync(name, content, options, token) is { } receipt)
                    {
                        return receipt;
                    }

                    throw;
                }
                finally
                {
                    isRetry = true;
                }
            },
            cancellationToken);
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        await CallAsync(
            async token =>
            {
                await Inner.ReadAsync(name, offset, destination, token);
                return true;
            },
            cancellationToken);

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        await CallAsync(token => Inner.StatAsync(name, token), cancellationToken);

    /// <summary>A listing that breaks off starts again and leaves out what it has yielded; each step has all tries.</summary>
    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var listing = new ResumedListing(Inner, prefix, cancellationToken);
        while (await CallAsync(_ => listing.MoveNextAsync(), cancellationToken))
        {
            yield return listing.Current;
        }
    }

    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        await CallAsync(
            async token =>
            {
                await Inner.DeleteAsync(name, token);
                return true;
            },
            cancellationToken);

    /// <summary>The first try is made without the pipeline, which then begins with its failure: it counts, and the pause after it is the first.</summary>
    private async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
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

        return await _pipeline.Value.ExecuteAsync(
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

    private static ResiliencePipeline Build(RetryOptions options, TimeProvider clock) => new ResiliencePipelineBuilder { TimeProvider = clock }
        .AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<TargetException>(exception => exception.IsTransient),
            MaxRetryAttempts = options.MaxRetries,
            Delay = options.Delay,
            MaxDelay = options.MaxDelay,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
        })
        .Build();

    /// <summary>The receipt of what is stored, if it is what was to be stored; else null.</summary>
    private async Task<PutReceipt?> FindOwnAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        var stat = await Inner.StatAsync(name, cancellationToken);
        if (stat is null || stat.LengthBytes != content.Length)
        {
            return null;
        }

        content.Position = 0;
        var expected = options.Sha256?.Value ?? Id256.Read(await SHA256.HashDataAsync(content, cancellationToken));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[(int)Math.Min(ReadBackBytes, stat.LengthBytes)];
        for (var offset = 0L; offset < stat.LengthBytes; offset += buffer.Length)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, stat.LengthBytes - offset));
            await Inner.ReadAsync(name, offset, part, cancellationToken);
            hash.AppendData(part.Span);
        }

        return Id256.Read(hash.GetHashAndReset()) == expected ? new PutReceipt(stat.LengthBytes, stat.StoreTime) : null;
    }

    private sealed class ResumedListing(Target target, string prefix, CancellationToken cancellationToken) : IAsyncDisposable
    {
        private readonly HashSet<ObjectName> _yielded = [];
        private IAsyncEnumerator<ObjectStat>? _objects;

        public ObjectStat Current { get; private set; } = null!;

        public async Task<bool> MoveNextAsync()
        {
            try
            {
                _objects ??= target.ListAsync(prefix, cancellationToken).GetAsyncEnumerator(cancellationToken);
                while (await _objects.MoveNextAsync())
                {
                    Current = _objects.Current;
                    if (_yielded.Add(Current.Name))
                    {
                        return true;
                    }
                }

                return false;
            }
            catch (TargetException)
            {
                await DisposeAsync();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (Interlocked.Exchange(ref _objects, null) is { } objects)
            {
                await objects.DisposeAsync();
            }
        }
    }
}
