using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Makes a credential that can back up into the vault and read nothing from it.</summary>
[Cmdlet(VerbsData.Export, "BackupWriterKey", SupportsShouldProcess = true)]
[OutputType(typeof(WriterKeyInfo))]
public sealed class ExportBackupWriterKeyCommand : VaultCommand
{
    /// <summary>The key file to make; an existing file is never overwritten.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath", "PSPath")]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>What the vault calls this writer, usually the host's name.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>The data sets that it may write; all when not given.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? DataSet { get; set; }

    protected override void EndProcessing()
    {
        var vaultPath = RequireVaultPath();
        var path = string.Empty;
        GuardEngine(Path, () => path = ResolvePath(Path));
        if (!ShouldProcess(path, $"Add the writer '{Name}' to {vaultPath} and export its key"))
        {
            return;
        }

        RunOnVault(vaultPath, async (vault, gate, token) =>
        {
            var member = await WriterKeys.ExportAsync(vault, Name, path, DataSet, token);
            gate.WriteObject(WriterKeyInfo.From(path, Name, member.Id.ToString(), vaultPath, DataSet));
        });
    }
}
