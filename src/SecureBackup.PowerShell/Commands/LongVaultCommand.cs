using System.Management.Automation;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Jobs;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>
/// A cmdlet whose work may take hours: it can run as a job, and within limits. Such a cmdlet says in <see cref="Execute"/> what it would say in EndProcessing, and hands its
/// work to <see cref="RunLong"/>.
/// </summary>
public abstract class LongVaultCommand : VaultCommand
{
    private readonly List<BackupJobPart> _parts = [];

    /// <summary>Start the work and give back a job at once.</summary>
    [Parameter]
    public SwitchParameter AsJob { get; set; }

    /// <summary>The most bytes a second that go to the vault and come from it, together.</summary>
    [Parameter]
    [ValidateRange(1024, long.MaxValue)]
    public long? MaxBytesPerSecond { get; set; }

    [Parameter]
    public BackupPriority Priority { get; set; } = BackupPriority.Normal;

    protected sealed override void EndProcessing()
    {
        Execute();
        if (_parts.Count > 0)
        {
            var job = BackupJob.Of(MyInvocation.MyCommand.Name, MyInvocation.Line, _parts);
            _parts.Clear();
            JobRepository.Add(job);

            // Before it is emitted: whoever takes the first object only ends this cmdlet there.
            job.Start();
            WriteObject(job);
        }
    }

    /// <summary>The end of every pipeline, also of one that is stopped or fails before EndProcessing: what was opened for a job that never came to be is closed again.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _parts.ForEach(static part => part.Dispose());
            _parts.Clear();
        }

        base.Dispose(disposing);
    }

    private protected abstract void Execute();

    /// <summary>
    /// Runs <paramref name="work"/> with the vault open and within the limits; with -AsJob it is left for the job, which begins when the cmdlet has asked everything it asks. So
    /// the work may use of the cmdlet its parameters and nothing else.
    /// </summary>
    /// <param name="belongings">Disposed when the work is over, or cannot begin.</param>
    private protected void RunLong(string path, Func<UnlockedVault, PipelineGate, CancellationToken, Task> work, IDisposable? belongings = null)
    {
        var limits = new RunLimits { MaxBytesPerSecond = MaxBytesPerSecond, IsInBackground = Priority == BackupPriority.Low, ReadsStore = ReadsStore, IsDryRun = LeavesNothing };
        BackupJobPart part;
        try
        {
            part = new BackupJobPart(path, ChooseAccess(path), limits, work, belongings);
        }
        catch
        {
            belongings?.Dispose();
            throw;
        }

        if (AsJob)
        {
            _parts.Add(part);
            return;
        }

        using (part)
        {
            RunEngine(path, part.RunAsync);
        }
    }
}
