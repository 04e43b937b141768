using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Releases legal holds, and carries out the erasures that they deferred.</summary>
[Cmdlet(VerbsCommon.Remove, "BackupLegalHold", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(CustomerDataErasure))]
public sealed class RemoveBackupLegalHoldCommand : VaultCommand
{
    /// <summary>The id of a hold, or the beginning of one.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HoldCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Id { get; set; } = [];

    /// <summary>Why it is released.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Reason { get; set; } = string.Empty;

    /// <summary>A folder for the certificates of erasures that follow.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificatePath { get; set; }

    protected override void ProcessRecord()
    {
        var path = RequireVaultPath();
        string? folder = null;
        GuardEngine(CertificatePath, () => folder = CertificatePath is null ? null : ResolvePath(CertificatePath));
        RunOnVault(path, (vault, gate, token) => ReleaseAsync(vault, path, folder, gate, token));
    }

    private async Task ReleaseAsync(UnlockedVault vault, string path, string? folder, PipelineGate gate, CancellationToken cancellationToken)
    {
        await vault.RefreshAsync(cancellationToken);
        var holds = Id.Select(id => LegalHolds.Resolve(vault, id)).Distinct().ToList();
        var names = string.Join(", ", holds.Select(static hold => Display.ShortId(hold.ToString())));
        if (!await gate.AskAsync(() => ShouldProcess(path, $"Release the legal hold {names}, and erase the customers whose erasure it deferred"), cancellationToken))
        {
            return;
        }

        var isPending = false;
        foreach (var hold in holds)
        {
            isPending |= (await LegalHolds.ReleaseAsync(vault, hold, Reason, cancellationToken)).IsPending;
        }

        if (!isPending)
        {
            var (outcomes, _) = await new SubjectEraser(vault.RequireReader()).ResumeAsync(cancellationToken);
            await ErasureOutput.Nameless(path, folder).WriteAsync(vault, outcomes, gate, cancellationToken);
        }
    }
}
