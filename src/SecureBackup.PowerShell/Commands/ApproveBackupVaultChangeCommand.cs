using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Signs a change as an owner; with the last signature that is needed it is made.</summary>
[Cmdlet(VerbsLifecycle.Approve, "BackupVaultChange", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(BackupVaultChange))]
public sealed class ApproveBackupVaultChangeCommand : ChangeCommand
{
    /// <summary>Proposes a stale change anew, for the vault as it is now.</summary>
    [Parameter]
    public SwitchParameter Renew { get; set; }

    private protected override string Action => Renew ? "Propose the change anew" : "Sign the change";

    private protected override async Task<bool?> ActAsync(UnlockedVault vault, PendingChange change, CancellationToken cancellationToken) =>
        !(Renew ? await PendingChanges.RenewAsync(vault, change, cancellationToken) : await PendingChanges.ApproveAsync(vault, change, cancellationToken)).IsPending;
}
