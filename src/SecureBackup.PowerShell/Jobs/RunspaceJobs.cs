using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace SecureBackup.PowerShell.Jobs;

/// <summary>The jobs that a runspace started. The end of the runspace stops them and waits for their end: no work outlives its session.</summary>
internal sealed class RunspaceJobs
{
    private static readonly ConditionalWeakTable<Runspace, RunspaceJobs> ByRunspace = [];

    private readonly Lock _gate = new();
    private readonly List<BackupJob> _running = [];

    /// <summary>Those of the runspace that this thread runs in.</summary>
    public static RunspaceJobs Current => ByRunspace.GetValue(Runspace.DefaultRunspace, Create);

    public void Add(BackupJob job)
    {
        lock (_gate)
        {
            _running.Add(job);
        }

        job.StateChanged += (_, change) =>
        {
            if (change.JobStateInfo.State is JobState.Completed or JobState.Failed or JobState.Stopped)
            {
                lock (_gate)
                {
                    _running.Remove(job);
                }
            }
        };
    }

    private static RunspaceJobs Create(Runspace runspace)
    {
        var jobs = new RunspaceJobs();
        runspace.StateChanged += (_, change) =>
        {
            if (change.RunspaceStateInfo.State is RunspaceState.Closing or RunspaceState.Closed or RunspaceState.Broken)
            {
                jobs.StopAll();
            }
        };
        return jobs;
    }

    private void StopAll()
    {
        List<BackupJob> running;
        lock (_gate)
        {
            running = [.. _running];
        }

        Parallel.ForEach(running, static job => job.StopJob());
    }
}
