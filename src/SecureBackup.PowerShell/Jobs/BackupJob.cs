using System.Management.Automation;

namespace SecureBackup.PowerShell.Jobs;

/// <summary>
/// A long cmdlet that goes on while the session does other things. Each vault that it works on is a child job, which holds the streams; this one tells how they
/// are doing together. Stopping waits until the engine has ended, and so does the end of the session.
/// </summary>
public sealed class BackupJob : Job
{
    private const string TypeName = "BackupJob";

    private readonly Lock _gate = new();
    private readonly List<BackupChildJob> _parts = [];

    private BackupJob(string command)
        : base(command, null)
    {
        PSJobTypeName = TypeName;
    }

    public override bool HasMoreData => _parts.Exists(static part => part.HasMoreData);

    public override string Location => string.Join(", ", _parts.Select(static part => part.Location));

    public override string StatusMessage => string.Join("; ", _parts.Select(static part => part.StatusMessage).Where(static status => status.Length > 0));

    /// <summary>When the work began, by this computer's clock; null before.</summary>
    public DateTime? Started => PSBeginTime;

    /// <summary>Cancels the work and returns when it has ended.</summary>
    public override void StopJob() => Parallel.ForEach(_parts, static part => part.StopJob());

    internal static BackupJob Of(string cmdlet, string commandLine, IEnumerable<BackupJobPart> work)
    {
        var job = new BackupJob(string.IsNullOrWhiteSpace(commandLine) ? cmdlet : commandLine.Trim());
        foreach (var part in work)
        {
            var child = new BackupChildJob(job.Command, part);
            child.StateChanged += job.FollowChild;
            job._parts.Add(child);
            job.ChildJobs.Add(child);
        }

        return job;
    }

    internal void Start()
    {
        RunspaceJobs.Current.Add(this);
        SetJobState(JobState.Running);
        _parts.ForEach(static part => part.Start());
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _parts.ForEach(static part => part.Dispose());
        }

        base.Dispose(disposing);
    }

    private void FollowChild(object? sender, JobStateEventArgs change)
    {
        lock (_gate)
        {
            if (JobStateInfo.State is JobState.Completed or JobState.Failed or JobState.Stopped)
            {
                return;
            }

            var states = _parts.ConvertAll(static part => part.JobStateInfo.State);
            if (states.Exists(static state => state is JobState.NotStarted or JobState.Running or JobState.Stopping))
            {
                if (change.JobStateInfo.State == JobState.Stopping)
                {
                    SetJobState(JobState.Stopping);
                }

                return;
            }

            SetJobState(
                states.Contains(JobState.Failed) ? JobState.Failed
                : states.Contains(JobState.Stopped) ? JobState.Stopped
                : JobState.Completed);
        }
    }
}
