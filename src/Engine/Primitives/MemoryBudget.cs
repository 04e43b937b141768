namespace SecureBackup.Engine.Primitives;

/// <summary>
/// Bounds the bytes in flight across all stages. Leases are granted strictly in the order of asking, so a large request is never
/// starved by small ones; one that is larger than the whole budget is granted when nothing else is out.
/// A stage must not hold a lease while it waits for another one: that could stand still for ever.
/// </summary>
public sealed class MemoryBudget
{
    private readonly Lock _gate = new();
    private readonly LinkedList<Request> _waiting = [];
    private long _usedBytes;

    public MemoryBudget(long limitBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limitBytes);
        LimitBytes = limitBytes;
    }

    public long LimitBytes { get; }

    /// <summary>Bytes out on lease; one that is larger than the budget counts as the whole budget.</summary>
    public long UsedBytes
    {
        get
        {
            lock (_gate)
            {
                return _usedBytes;
            }
        }
    }

    /// <summary>Waits until the bytes are free; a cancelled wait takes nothing.</summary>
    public async ValueTask<Lease> AcquireAsync(long bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        cancellationToken.ThrowIfCancellationRequested();
        var request = new Request(Math.Min(bytes, LimitBytes));
        LinkedListNode<Request> place;
        lock (_gate)
        {
            place = _waiting.AddLast(request);
            GrantWaiting();
        }

        await using (cancellationToken.Register(() => Withdraw(place, cancellationToken)))
        {
            await request.Granted.Task;
        }

        return new Lease(this, request.Bytes);
    }

    private void Withdraw(LinkedListNode<Request> place, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (place.List is null)
            {
                return;
            }

            _waiting.Remove(place);
            GrantWaiting();
        }

        place.Value.Granted.TrySetCanceled(cancellationToken);
    }

    private void Return(long bytes)
    {
        lock (_gate)
        {
            _usedBytes -= bytes;
            GrantWaiting();
        }
    }

    private void GrantWaiting()
    {
        while (_waiting.First is { } first && _usedBytes + first.Value.Bytes <= LimitBytes)
        {
            _waiting.RemoveFirst();
            _usedBytes += first.Value.Bytes;
            first.Value.Granted.TrySetResult();
        }
    }

    /// <summary>Bytes that may be used until it is disposed; disposing twice returns them once.</summary>
    public sealed class Lease : IDisposable
    {
        private readonly long _bytes;
        private MemoryBudget? _budget;

        internal Lease(MemoryBudget budget, long bytes)
        {
            _budget = budget;
            _bytes = bytes;
        }

        public void Dispose() => Interlocked.Exchange(ref _budget, null)?.Return(_bytes);
    }

    private sealed class Request(long bytes)
    {
        public long Bytes { get; } = bytes;

        public TaskCompletionSource Granted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
