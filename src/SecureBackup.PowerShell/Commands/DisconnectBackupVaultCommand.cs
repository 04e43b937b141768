using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Drives;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Closes a connected vault and wipes its keys from memory.</summary>
[Cmdlet(VerbsCommunications.Disconnect, "BackupVault")]
public sealed class DisconnectBackupVaultCommand : EngineCommand
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Path", "LiteralPath", "PSPath")]
    [VaultPath]
    [ValidateNotNullOrEmpty]
    public string? Vault { get; set; }

    protected override void ProcessRecord()
    {
        ConnectedVault? connected = null;
        GuardEngine(Vault, () => connected = Vault is null ? RunspaceVaults.Current.RequireSingle() : Find(ResolveVault(Vault)));
        RunspaceVaults.Current.Remove(connected!);
        BackupDrives.RemoveOf(SessionState, connected!.Path);
        RunEngine(connected.Path, async (_, _) => await connected.CloseAsync());
    }

    private static ConnectedVault Find(string path) =>
        RunspaceVaults.Current.Find(path)
        ?? throw new RequestException(FaultCodes.NoVaultGiven, $"The vault {path} is not connected.") { Remedy = "Nothing; Get-BackupVault lists what is connected." };
}
