using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>A cmdlet about one change that waits: it is looked up and shown in words before anything is done with it.</summary>
public abstract class ChangeCommand : VaultCommand
{
    /// <summary>The change, by its id or the beginning of it.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ChangeCompleter))]
    [ValidateNotNullOrEmpty]
    public string Id { get; set; } = string.Empty;

    protected override void ProcessRecord()
    {
        var path = RequireVaultPath();
        using var access = ChooseAccess(path);
        PendingChange? change = null;
        RunOnChange(access, async (vault, _, token) => change = await PendingChanges.FindAsync(vault, Id, token));
        if (change is not null && ShouldProcess($"{Display.ShortId(change.Id.ToString())} of {path}: {string.Join(" ", change.Changes)}", Action))
        {
            RunOnChange(access, async (vault, gate, token) =>
            {
                // By the id that was shown: it is the hash of the change, so nothing else can have taken its place.
                var shown = await PendingChanges.FindAsync(vault, change.Id.ToString(), token);
                await ActAsync(vault, shown, path, gate, token);
            });
        }
    }

    /// <summary>What is wrong with one change is said of that one, and those that come after it in the pipeline have their turn.</summary>
    private void RunOnChange(VaultAccess access, Func<UnlockedVault, PipelineGate, CancellationToken, Task> work) => RunEngine(Id, (gate, token) => access.RunAsync(
        gate,
        async vault =>
        {
            try
            {
                await work(vault, gate, token);
            }
            catch (BackupException failure) when (failure.Code == FaultCodes.NoSuchChange || failure.Code == FaultCodes.ChangeSigned || failure.Code == FaultCodes.ChangeStale)
            {
                gate.WriteError(ErrorRecordFactory.From(failure, Id));
            }
        },
        token));

    /// <summary>For the question whether to go on.</summary>
    private protected abstract string Action { get; }

    private protected abstract Task ActAsync(UnlockedVault vault, PendingChange change, string path, PipelineGate gate, CancellationToken cancellationToken);
}
