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

    /// <summary>Guarded by the gate: a stop that comes as the work ends must not make an ended job one that is stopping for ever.</summary>
    private bool _hasEnded;

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
            if (_isStarted || _hasEnded)
            {
                return;
            }

            _isStarted = true;
        }

        Become(JobState.Running);
        var thread = new Thread(Run) { IsBackground = true, Name = $"SecureBackup job {Id}" };
        thread.Start();
    }

    public override void StopJob()
    {
        bool isStarted;
        lock (_gate)
        {
            // Also from a listener of the end itself, which must not wait for it.
            if (_hasEnded)
            {
                return;
            }

            isStarted = _isStarted;
            _isStarted = true;
        }

        if (isStarted)
        {
            Become(JobState.Stopping);
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

    private void Become(JobState state)
    {
        lock (_gate)
        {
            if (_hasEnded || (state == JobState.Running && JobStateInfo.State != JobState.NotStarted))
            {
                return;
            }

            _hasEnded = state is JobState.Completed or JobState.Failed or JobState.Stopped;
            SetJobState(state);
        }
    }

    /// <summary>What the work held is closed before anybody learns that it has ended.</summary>
    private void End(JobState state)
    {
        _part.Dispose();
        Become(state);
        _ended.TrySetResult();
    }
}
