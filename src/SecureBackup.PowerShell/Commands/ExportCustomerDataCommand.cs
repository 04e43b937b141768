using System.Management.Automation;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Writes everything that backups hold of one customer into a package that she can be given.</summary>
[Cmdlet(VerbsData.Export, "CustomerData", SupportsShouldProcess = true)]
[OutputType(typeof(CustomerDataPackage))]
public sealed class ExportCustomerDataCommand : CustomerDataCommand
{
    /// <summary>A folder to make, or a file that ends with .zip; nothing may be there yet.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [Alias("LiteralPath", "PSPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>How many days the package may live.</summary>
    [Parameter]
    [ValidateRange(1, 3650)]
    public int ExpiresAfterDays { get; set; } = 30;

    protected override void ProcessRecord()
    {
        var vaultPath = RequireVaultPath();
        foreach (var subject in Subject)
        {
            var path = string.Empty;
            GuardEngine(Path, () =>
            {
                path = ResolvePath(Path);
                FileSystemPaths.RequireOutside(path, vaultPath);
            });
            if (ShouldProcess(path, $"Export the data of '{subject}' from {vaultPath}"))
            {
                RunLong(vaultPath, (vault, gate, token) => ExportAsync(vault, subject, path, gate, token));
            }
        }
    }

    private protected override void Execute()
    {
        // Each customer's package is made, or left for the job, as she comes.
    }

    private async Task ExportAsync(UnlockedVault vault, string subject, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        var reader = vault.RequireReader();
        var snapshots = await SnapshotsAsync(vault, gate, cancellationToken);
        var now = vault.Time.GetUtcNow();
        var asked = new SubjectPackage(Guid.NewGuid(), SubjectName.Of(subject), vault.Id, now, now.AddDays(ExpiresAfterDays), [], []);
        var (package, sizeBytes) = await SubjectExport.RunAsync(reader, snapshots, asked, path, gate, cancellationToken);
        gate.WriteObject(CustomerDataPackage.From(path, package, sizeBytes));
        gate.WriteFaults([.. package.Faults.Select(BackupFault.From)]);
    }
}
