using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Writes sheets of which some together open the vault, and fewer tell nothing.</summary>
[Cmdlet(VerbsData.Export, "BackupRecoveryShare", SupportsShouldProcess = true)]
[OutputType(typeof(RecoveryShareSet))]
public sealed class ExportBackupRecoveryShareCommand : VaultCommand
{
    /// <summary>The folder for the sheets; made where it is missing.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath", "PSPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>How many sheets it takes.</summary>
    [Parameter(Mandatory = true)]
    public int Threshold { get; set; }

    /// <summary>How many sheets there are.</summary>
    [Parameter(Mandatory = true)]
    public int Count { get; set; }

    /// <summary>What the vault calls the set.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Label { get; set; } = "recovery shares";

    /// <summary>Keys that end in the same step, such as an older set.</summary>
    [Parameter]
    [KeyId]
    [ArgumentCompleter(typeof(VaultKeyCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? Replace { get; set; }

    protected override void EndProcessing()
    {
        var vaultPath = RequireVaultPath();
        var folder = string.Empty;
        GuardEngine(Path, () => folder = ResolvePath(Path));
        if (!ShouldProcess(folder, $"Write {Count} recovery sheets, any {Threshold} of which open {vaultPath}"))
        {
            return;
        }

        RunOnVault(vaultPath, async (vault, gate, token) =>
        {
            var set = await RecoveryShares.ExportAsync(vault, new SheetRequest(Threshold, Count, folder, Label, Replace ?? []), token);
            gate.WriteObject(RecoveryShareSet.From(set, folder, vaultPath));
        });
    }
}
