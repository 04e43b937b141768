using System.Collections.Concurrent;
using System.Management.Automation;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Rendering;

/// <summary>
/// Carries what engine threads hand out to the one thread that may write: a cmdlet's pipeline thread, or a job's own. Bounded, so that an enumeration of millions
/// waits for a slow reader and not in memory.
/// </summary>
internal sealed class PipelineGate : IEngineSink, IDisposable
{
    private const int Capacity = 512;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(200);

    private readonly BlockingCollection<Action<IStreamWriter>> _writes = new(Capacity);
    private ProgressReport? _progress;

    public void WriteObject(object value) => Post(streams => streams.WriteObject(value));

    public void WriteError(ErrorRecord error) => Post(streams => streams.WriteError(error));

    /// <summary>One error a fault; of very many with one code the first hundred, and a word about the rest, which stand in the result.</summary>
    public void WriteFaults(IReadOnlyList<BackupFault> faults)
    {
        const int MaxErrorsOfCode = 100;
        foreach (var group in faults.GroupBy(static fault => fault.Code, StringComparer.Ordinal))
        {
            foreach (var fault in group.Take(MaxErrorsOfCode))
            {
                WriteError(ErrorRecordFactory.From(fault));
            }

            var rest = group.Count() - MaxErrorsOfCode;
            if (rest > 0)
            {
                Post(streams => streams.WriteWarning($"{rest} more fault(s) {group.Key} are not shown one by one; the result's Faults holds all."));
            }
        }
    }

    /// <summary>The key that was added, if one was. Where further owners must sign first, the vault has said so.</summary>
    public void WriteKey(KeyChange change, string vault)
    {
        if (change.Added is { } added)
        {
            WriteObject(BackupVaultKey.From(added, vault, change.Append.IsPending));
        }
    }

    /// <summary>Asks on the pipeline thread, where alone ShouldProcess may be asked, and waits for the answer.</summary>
    public Task<bool> AskAsync(Func<bool> ask, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Post(_ =>
        {
            try
            {
                answer.TrySetResult(ask());
            }
            finally
            {
                // Whoever answers by stopping the pipeline has not agreed.
                answer.TrySetCanceled(CancellationToken.None);
            }
        });
        return answer.Task.WaitAsync(cancellationToken);
    }

    /// <summary>What looks wrong about a snapshot that exists all the same.</summary>
    public void WriteFindings(CustomerBackup backup)
    {
        foreach (var finding in backup.Findings)
        {
            Post(streams => streams.WriteWarning($"{finding} {finding.Remedy}"));
        }
    }

    public void WriteVerbose(string text) => Post(streams => streams.WriteVerbose(text));

    public void WriteWarning(string text) => Post(streams => streams.WriteWarning(text));

    /// <summary>From now on shows these counters, at most five times a second, and once more at the end.</summary>
    public ProgressCounters ShowProgress(string activity)
    {
        var counters = new ProgressCounters();
        Volatile.Write(ref _progress, new ProgressReport(activity, counters));
        return counters;
    }

    public void Report(BackupEvent backupEvent)
    {
        var text = backupEvent.Code is null ? backupEvent.Message : $"{backupEvent.Code}: {backupEvent.Message}";
        Post(backupEvent.Severity switch
        {
            EventSeverity.Warning => streams => streams.WriteWarning($"{text}{(backupEvent.Code is null ? null : " " + backupEvent.Code.Remedy)}"),
            EventSeverity.Information => streams => streams.WriteInformation(new InformationRecord(text, "SecureBackup")),
            _ => streams => streams.WriteVerbose(text),
        });
    }

    /// <summary>On the pool: the work, then the end of all writing.</summary>
    public async Task RunAsync(Func<PipelineGate, CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        RunSink.Enter(this);
        try
        {
            await work(this, cancellationToken);
        }
        finally
        {
            _writes.CompleteAdding();
        }
    }

    /// <summary>On the thread that may write: writes until the work has ended.</summary>
    public void Pump(IStreamWriter streams)
    {
        var last = TimeProvider.System.GetTimestamp();
        while (!_writes.IsCompleted)
        {
            if (_writes.TryTake(out var write, Tick))
            {
                write(streams);
            }

            if (TimeProvider.System.GetElapsedTime(last) >= Tick)
            {
                Volatile.Read(ref _progress)?.Show(streams);
                last = TimeProvider.System.GetTimestamp();
            }
        }

        Volatile.Read(ref _progress)?.Finish(streams);
    }

    /// <summary>Throws away what still comes, so that a cancelled engine never waits for room.</summary>
    public void Drain()
    {
        foreach (var _ in _writes.GetConsumingEnumerable())
        {
            // Nobody reads any more.
        }
    }

    public void Dispose() => _writes.Dispose();

    private void Post(Action<IStreamWriter> write)
    {
        try
        {
            _writes.Add(write);
        }
        catch (InvalidOperationException)
        {
            // The work has ended and with it all writing; a late event of a background thread has no reader any more.
        }
    }
}
