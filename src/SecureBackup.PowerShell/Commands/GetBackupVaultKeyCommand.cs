using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Shows every passphrase, key file and share set that opens a vault, without any of their secrets.</summary>
[Cmdlet(VerbsCommon.Get, "BackupVaultKey")]
[OutputType(typeof(BackupVaultKey))]
public sealed class GetBackupVaultKeyCommand : VaultCommand
{
    protected override void ProcessRecord()
    {
        var vaultPath = RequireVaultPath();
        RunOnVault(vaultPath, async (vault, gate, token) =>
        {
            foreach (var key in await VaultKeys.ListAsync(vault, token))
            {
                gate.WriteObject(BackupVaultKey.From(key, vaultPath));
            }
        });
    }
}
