using System.Management.Automation;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Withdraws a change that waits for signatures.</summary>
[Cmdlet(VerbsCommon.Remove, "BackupVaultChange", SupportsShouldProcess = true)]
[OutputType(typeof(void))]
public sealed class RemoveBackupVaultChangeCommand : ChangeCommand
{
    private protected override string Action => "Withdraw the change";

    private protected override async Task<bool?> ActAsync(UnlockedVault vault, PendingChange change, CancellationToken cancellationToken)
    {
        await PendingChanges.RemoveAsync(vault, change, cancellationToken);
        return null;
    }
}
