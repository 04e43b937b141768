using System.Management.Automation;
using System.Security;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Drives;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Opens a vault and holds it open for the following cmdlets of this runspace.</summary>
[Cmdlet(VerbsCommunications.Connect, "BackupVault")]
[OutputType(typeof(BackupVaultInfo))]
public sealed class ConnectBackupVaultCommand : EngineCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("LiteralPath", "PSPath", "Vault")]
    [VaultPath]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    [Parameter(Position = 1)]
    public SecureString? Passphrase { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>The name of a secret that is the vault's passphrase.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PassphraseSecret { get; set; }

    /// <summary>The name of a secret that is the text of a key file.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFileSecret { get; set; }

    /// <summary>The registered secret vault that knows these names; the default one when not given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SecretVault { get; set; }

    /// <summary>Name of a drive to look into the vault with.</summary>
    [Parameter]
    [ValidatePattern("^[A-Za-z][A-Za-z0-9_-]*$")]
    public string? Drive { get; set; }

    protected override void ProcessRecord()
    {
        var (path, keyFile) = ResolvePaths(Path, KeyFile);
        using var reached = OpenLocked(path);
        KeyChoice? key = null;
        var given = new KeyParameters(Passphrase, keyFile) { PassphraseSecret = PassphraseSecret, KeyFileSecret = KeyFileSecret, Secrets = new SecretStore(InvokeCommand, SecretVault) };
        GuardEngine(path, () => key = new KeyChain(given, Host).Resolve(path));
        using (key)
        {
            RunEngine(path, (gate, token) => reached.ConnectAsync(path, key!, gate, token));
        }

        var connected = reached.TakeConnected();
        var replaced = RunspaceVaults.Current.Add(connected);
        RunEngine(path, async (_, _) => await (replaced?.CloseAsync() ?? ValueTask.CompletedTask));
        if (Drive is { } name)
        {
            BackupDrives.Add(SessionState, name, path);
        }

        WriteObject(BackupVaultInfo.From(path, connected.Vault, isConnected: true));
    }
}
