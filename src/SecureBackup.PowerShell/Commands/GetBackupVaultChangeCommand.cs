using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Shows the changes of a vault that wait for the signatures of further owners.</summary>
[Cmdlet(VerbsCommon.Get, "BackupVaultChange")]
[OutputType(typeof(BackupVaultChange))]
public sealed class GetBackupVaultChangeCommand : VaultCommand
{
    protected override void EndProcessing()
    {
        var path = RequireVaultPath();
        RunOnVault(path, async (vault, gate, token) =>
        {
            foreach (var change in await PendingChanges.ListAsync(vault, token))
            {
                gate.WriteObject(BackupVaultChange.From(change, path));
            }
        });
    }
}
