using System.Management.Automation;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Jobs;

/// <summary>The work on one vault, and its streams.</summary>
internal sealed class BackupChildJob : Job, IStreamWriter
{
    /// <summary>A run of days reports five times a second; what nobody looked at is worth nothing soon after.</summary>
    private const int MaxProgressRecords = 100;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly BackupJobPart _part;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Guarded by the gate: whether the work began, which then alone says how it ends.</summary>
    private bool _isStarted;

    public BackupChildJob(string command, BackupJobPart part)
        : base(command, null)
    {
        _part = part;
        PSJobTypeName = nameof(BackupJob);
    }

    public override bool HasMoreData => Output.Count > 0 || Error.Count > 0 || Warning.Count > 0 || Verbose.Count > 0 || Information.Count > 0;

    public override string Location => _part.VaultPath;

    public override string StatusMessage => Progress.LastOrDefault(static record => record is not null)?.StatusDescription ?? string.Empty;

    public void Start()
    {
        lock (_gate)
        {
            if (_isStarted || _ended.Task.IsCompleted)
            {
                return;
            }

            _isStarted = true;
        }

        SetJobState(JobState.Running);
        var thread = new Thread(Run) { IsBackground = true, Name = $"SecureBackup job {Id}" };
        thread.Start();
    }

    public override void StopJob()
    {
        bool isStarted;
        lock (_gate)
        {
            if (_ended.Task.IsCompleted)
            {
                return;
            }

            isStarted = _isStarted;
            _isStarted = true;
        }

        if (isStarted)
        {
            if (JobStateInfo.State == JobState.Running)
            {
                SetJobState(JobState.Stopping);
            }

            _stop.Cancel();
            ((IAsyncResult)_ended.Task).AsyncWaitHandle.WaitOne();
        }
        else
        {
            End(JobState.Stopped);
        }
    }

    void IStreamWriter.WriteObject(object value) => Output.Add(PSObject.AsPSObject(value));

    void IStreamWriter.WriteError(ErrorRecord error) => Error.Add(error);

    void IStreamWriter.WriteWarning(string text) => Warning.Add(new WarningRecord(text));

    void IStreamWriter.WriteVerbose(string text) => Verbose.Add(new VerboseRecord(text));

    void IStreamWriter.WriteInformation(InformationRecord information) => Information.Add(information);

    void IStreamWriter.WriteProgress(ProgressRecord progress)
    {
        Progress.Add(progress);
        if (Progress.Count > MaxProgressRecords)
        {
            try
            {
                Progress.RemoveAt(0);
            }
            catch (ArgumentOutOfRangeException)
            {
                // Whoever receives the job has taken them all meanwhile.
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            StopJob();
            _stop.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>On a thread of the job's own, which alone writes its streams.</summary>
    private void Run()
    {
        var state = JobState.Completed;
        try
        {
            using var gate = new PipelineGate();
            var run = Task.Run(() => gate.RunAsync(_part.RunAsync, _stop.Token), CancellationToken.None);
            gate.Pump(this);
            run.GetAwaiter().GetResult();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            state = JobState.Stopped;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Error.Add(ErrorRecordFactory.FromAny(exception, _part.VaultPath));
            state = JobState.Failed;
        }

        End(state);
    }

    /// <summary>What the work held is closed before anybody learns that it has ended.</summary>
    private void End(JobState state)
    {
        _part.Dispose();
        SetJobState(state);
        _ended.TrySetResult();
    }
}
