using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Begins a new epoch of the vault's keys, without storing anything anew.</summary>
[Cmdlet(VerbsData.Update, "BackupVaultKey", SupportsShouldProcess = true)]
[OutputType(typeof(BackupKeyRotation))]
public sealed class UpdateBackupVaultKeyCommand : VaultCommand
{
    /// <summary>Stands readable in the vault's register.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    protected override void EndProcessing()
    {
        var path = RequireVaultPath();
        if (!ShouldProcess(path, "Begin a new key epoch"))
        {
            return;
        }

        RunOnVault(path, async (vault, gate, token) =>
        {
            var (epoch, append) = await EpochRotation.RotateAsync(vault, Reason, token);
            var members = vault.Register.Members.Values.Count(static member => !member.Entry.IsRevoked);
            gate.WriteObject(BackupKeyRotation.From(epoch, members, append.Pending?.ToString(), path));
        });
    }
}
