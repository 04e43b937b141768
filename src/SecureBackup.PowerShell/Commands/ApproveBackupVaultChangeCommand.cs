using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Signs a change as an owner; with the last signature that is needed it is made.</summary>
[Cmdlet(VerbsLifecycle.Approve, "BackupVaultChange", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(BackupVaultChange), typeof(CustomerDataErasure))]
public sealed class ApproveBackupVaultChangeCommand : ChangeCommand
{
    private string? _folder;

    /// <summary>Proposes a stale change anew, for the vault as it is now.</summary>
    [Parameter]
    public SwitchParameter Renew { get; set; }

    /// <summary>A folder for the certificates, where this signature is the last that an erasure needs.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificatePath { get; set; }

    protected override void ProcessRecord()
    {
        GuardEngine(CertificatePath, () => _folder = CertificatePath is null ? null : ResolvePath(CertificatePath));
        base.ProcessRecord();
    }

    private protected override string Action => Renew ? "Propose the change anew" : "Sign the change";

    private protected override async Task ActAsync(UnlockedVault vault, PendingChange change, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        var append = await (Renew ? PendingChanges.RenewAsync(vault, change, cancellationToken) : PendingChanges.ApproveAsync(vault, change, cancellationToken));
        gate.WriteObject(BackupVaultChange.From(change, path, !append.IsPending));
        await ErasureOutput.Nameless(path, _folder).WriteAsync(vault, append.Erased, gate, cancellationToken);
    }
}
