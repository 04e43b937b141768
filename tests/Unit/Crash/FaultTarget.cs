using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Crash;

public enum FaultFlavour
{
    /// <summary>The operation fails and nothing of it has happened.</summary>
    NotPersisted,

    /// <summary>The operation happens whole and is then reported as failed.</summary>
    PersistedButReportedFailed,

    /// <summary>The run's token is cancelled as the operation begins; the operation itself goes on and may notice.</summary>
    Cancelled,
}

/// <param name="AtOperation">Counted from 1 over puts, reads, fetches, stats, listings, deletes and what is done about locks, holds and cold objects; 0 never fails and only counts.</param>
/// <param name="IsDeadAfterwards">Every later operation fails too and does nothing: the process, or its line to the store, is gone.</param>
public sealed record FaultPlan(int AtOperation, FaultFlavour Flavour = FaultFlavour.NotPersisted, bool IsDeadAfterwards = false)
{
    public TargetFault Fault { get; init; } = TargetFault.Unavailable;

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>What <see cref="FaultFlavour.Cancelled"/> cancels.</summary>
    public CancellationTokenSource? Cancellation { get; init; }
}

/// <summary>
/// Lets the n-th operation of a run go wrong, for sweeps over every n: first a run with <c>AtOperation</c> 0 to learn
/// <see cref="OperationCount"/>, then one run for each number up to it. A listing is one operation, however long.
/// </summary>
public sealed class FaultTarget(Target inner, FaultPlan plan) : DelegatingTarget(inner)
{
    private int _operationCount;

    private enum Turn
    {
        Pass,
        FailBefore,
        FailAfter,
    }

    /// <summary>Operations begun, failed ones included.</summary>
    public int OperationCount => Volatile.Read(ref _operationCount);

    /// <summary>Whether the planned operation was reached.</summary>
    public bool HasTripped => plan.AtOperation > 0 && OperationCount >= plan.AtOperation;

    public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.PutAsync(name, content, options, cancellationToken));

    public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.ReadAsync(name, offset, destination, cancellationToken));

    public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.TryFetchAsync(name, maxBytes, cancellationToken));

    public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.StatAsync(name, cancellationToken));

    public override IAsyncEnumerable<ObjectStat> ListAsync(string prefix, CancellationToken cancellationToken) =>
        ListingAsync(() => Inner.ListAsync(prefix, cancellationToken));

    public override IAsyncEnumerable<ObjectStat> ListAfterAsync(string prefix, ObjectName after, CancellationToken cancellationToken) =>
        ListingAsync(() => Inner.ListAfterAsync(prefix, after, cancellationToken));

    public override Task DeleteAsync(ObjectName name, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.DeleteAsync(name, cancellationToken));

    /// <summary>One operation for each name, so that a sweep also ends in the midst of them.</summary>
    public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);

    public override Task<LockState> GetLockAsync(ObjectName name, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.GetLockAsync(name, cancellationToken));

    public override Task<LockState> ExtendLockAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.ExtendLockAsync(name, until, cancellationToken));

    public override Task<LockState> SetLegalHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.SetLegalHoldAsync(name, isHeld, cancellationToken));

    public override IAsyncEnumerable<ObjectVersion> ListVersionsAsync(string prefix, CancellationToken cancellationToken) =>
        ListingAsync(() => Inner.ListVersionsAsync(prefix, cancellationToken));

    public override Task ReadVersionAsync(ObjectName name, string version, long offset, Memory<byte> destination, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.ReadVersionAsync(name, version, offset, destination, cancellationToken));

    public override Task<WarmReceipt> WarmAsync(ObjectName name, WarmOptions options, CancellationToken cancellationToken) =>
        CallAsync(() => Inner.WarmAsync(name, options, cancellationToken));

    public override Task<long?> GetRoomAsync(CancellationToken cancellationToken) => CallAsync(() => Inner.GetRoomAsync(cancellationToken));

    private async Task<T> CallAsync<T>(Func<Task<T>> call)
    {
        var turn = Begin();
        var result = await call();
        ThrowIf(turn, Turn.FailAfter);
        return result;
    }

    private async Task CallAsync(Func<Task> call)
    {
        var turn = Begin();
        await call();
        ThrowIf(turn, Turn.FailAfter);
    }

    private async IAsyncEnumerable<T> ListingAsync<T>(Func<IAsyncEnumerable<T>> list)
    {
        var turn = Begin();
        await foreach (var item in list())
        {
            yield return item;
        }

        ThrowIf(turn, Turn.FailAfter);
    }

    private Turn Begin()
    {
        var number = Interlocked.Increment(ref _operationCount);
        var turn = TurnOf(number);
        if (number == plan.AtOperation && plan.Flavour == FaultFlavour.Cancelled)
        {
            (plan.Cancellation ?? throw new InvalidOperationException("A plan that cancels needs a source to cancel.")).Cancel();
        }

        ThrowIf(turn, Turn.FailBefore);
        return turn;
    }

    private Turn TurnOf(int number)
    {
        if (plan.AtOperation == 0 || number < plan.AtOperation)
        {
            return Turn.Pass;
        }

        if (number > plan.AtOperation)
        {
            return plan.IsDeadAfterwards ? Turn.FailBefore : Turn.Pass;
        }

        return plan.Flavour switch
        {
            FaultFlavour.NotPersisted => Turn.FailBefore,
            FaultFlavour.PersistedButReportedFailed => Turn.FailAfter,
            _ => Turn.Pass,
        };
    }

    private void ThrowIf(Turn turn, Turn failing)
    {
        if (turn == failing)
        {
            throw new TargetException(plan.Fault, $"Planned fault at operation {plan.AtOperation}.") { RetryAfter = plan.RetryAfter };
        }
    }
}
