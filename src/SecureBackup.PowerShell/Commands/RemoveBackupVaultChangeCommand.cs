using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Withdraws a change that waits for signatures.</summary>
[Cmdlet(VerbsCommon.Remove, "BackupVaultChange", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveBackupVaultChangeCommand : ChangeCommand
{
    private protected override string Action => "Withdraw the change";

    private protected override Task ActAsync(UnlockedVault vault, PendingChange change, string path, PipelineGate gate, CancellationToken cancellationToken) =>
        PendingChanges.RemoveAsync(vault, change, cancellationToken);
}
