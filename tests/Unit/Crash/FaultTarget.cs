using System.Runtime.CompilerServices;
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

/// <param name="AtOperation">Counted from 1 over puts, reads, stats, listings and deletes; 0 never fails and only counts.</param>
/// <param name="IsDeadAfterwards">Every later operation fails too and does nothing: the process, or its line to the store, is gone.</param>
public sealed record FaultPlan(int AtOperation, FaultFlavour Flavour = FaultFlavour.NotPersisted, bool IsDeadAfterwards = false)
{
    public TargetFault Fault { get; init; } = TargetFault.Unavailable;

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

    public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
    {
        var turn = Begin();
        var receipt = await Inner.PutAsync(name, content, options, cancellationToken);
        ThrowIf(turn, Turn.FailAfter);
        return receipt;
    }

    public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
    {
        var turn = Begin();
        await Inner.ReadAsync(name, offset, destination, cancellationToken);
        ThrowIf(turn, Turn.FailAfter);
    }

    public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var turn = Begin();
        var stat = await Inner.StatAsync(name, cancellationToken);
        ThrowIf(turn, Turn.FailAfter);
        return stat;
    }

    public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var turn = Begin();
        await foreach (var stat in Inner.ListAsync(prefix, cancellationToken))
        {
            yield return stat;
        }

        ThrowIf(turn, Turn.FailAfter);
    }

    public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
    {
        var turn = Begin();
        await Inner.DeleteAsync(name, cancellationToken);
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
            throw new TargetException(plan.Fault, $"Planned fault at operation {plan.AtOperation}.");
        }
    }
}
