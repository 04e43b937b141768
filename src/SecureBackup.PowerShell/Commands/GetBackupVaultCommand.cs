using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Shows vaults: those that are connected, or those in the given folders. No key is needed.</summary>
[Cmdlet(VerbsCommon.Get, "BackupVault")]
[OutputType(typeof(BackupVaultInfo))]
public sealed class GetBackupVaultCommand : EngineCommand
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("LiteralPath", "PSPath", "Vault")]
    [VaultPath]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    protected override void ProcessRecord()
    {
        if (Path is null)
        {
            foreach (var vault in RunspaceVaults.Current.All)
            {
                WriteObject(BackupVaultInfo.From(vault.Path, vault.Vault, isConnected: true));
            }

            return;
        }

        foreach (var given in Path)
        {
            Show(given);
        }
    }

    private void Show(string given)
    {
        var path = string.Empty;
        GuardEngine(given, () => path = ResolveVault(given));
        if (RunspaceVaults.Current.Find(path) is { } connected)
        {
            WriteObject(BackupVaultInfo.From(path, connected.Vault, isConnected: true));
            return;
        }

        using var access = Reach(path);
        RunEngine(path, async (gate, token) =>
        {
            await using var target = access.Open();
            gate.WriteObject(BackupVaultInfo.From(path, await LockedVault.OpenAsync(target, token)));
        });
    }
}
