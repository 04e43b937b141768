using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Clears away what stands in the vault's register and was signed by no owner.</summary>
[Cmdlet(VerbsDiagnostic.Repair, "BackupVault", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(BackupVaultRepair))]
public sealed class RepairBackupVaultCommand : VaultCommand
{
    /// <summary>Stands readable in the vault's register.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string? Reason { get; set; }

    private protected override bool ReadsStore => true;

    protected override void EndProcessing()
    {
        var path = RequireVaultPath();
        using var access = ChooseAccess(path);
        IReadOnlyList<RegisterObstruction> found = [];
        RunOnVault(path, access, async (vault, _, token) => found = await RegisterRepair.FindAsync(vault, token));
        if (found.Count == 0)
        {
            WriteObject(BackupVaultRepair.From([], pendingChange: null, path));
            return;
        }

        if (ShouldProcess($"{string.Join(", ", found.Select(static item => item.Name.Value))} of {path}", "Delete, since no owner signed it"))
        {
            RunOnVault(path, access, async (vault, gate, token) =>
            {
                var append = await RegisterRepair.RemoveAsync(vault, found, Reason, token);
                gate.WriteObject(BackupVaultRepair.From(found.Select(static item => item.Name.Value), append.Pending?.ToString(), path));
            });
        }
    }
}
