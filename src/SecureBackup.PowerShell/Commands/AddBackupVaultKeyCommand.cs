using System.Management.Automation;
using System.Security;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Adds a passphrase or a key file to a vault; with -Replace it takes the place of others in the same step.</summary>
[Cmdlet(VerbsCommon.Add, "BackupVaultKey", SupportsShouldProcess = true)]
[OutputType(typeof(BackupVaultKey))]
public sealed class AddBackupVaultKeyCommand : VaultCommand
{
    /// <summary>The passphrase to add. Asked for twice where neither this nor a key file nor a secret is named.</summary>
    [Parameter(Position = 0)]
    public SecureString? NewPassphrase { get; set; }

    /// <summary>The name of a secret that is the passphrase to add.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NewPassphraseSecret { get; set; }

    /// <summary>Where to write a new owner's key file; made new, never overwritten.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NewKeyFile { get; set; }

    /// <summary>What the vault calls the key.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Label { get; set; }

    /// <summary>Keys that end in the same step.</summary>
    [Parameter]
    [KeyId]
    [ArgumentCompleter(typeof(VaultKeyCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? Replace { get; set; }

    protected override void EndProcessing()
    {
        var vaultPath = RequireVaultPath();
        string? keyFile = null;
        GuardEngine(NewKeyFile, () => keyFile = NewKeyFile is null ? null : ResolvePath(NewKeyFile));
        var what = keyFile is null ? "a passphrase" : $"the key file {keyFile}";
        if (!ShouldProcess(vaultPath, Replace is null ? $"Add {what}" : $"Add {what} in place of {string.Join(", ", Replace)}"))
        {
            return;
        }

        using var access = ChooseAccess(vaultPath);
        using var added = ChooseAdded(vaultPath, new KeyParameters(NewPassphrase, keyFile) { PassphraseSecret = NewPassphraseSecret, Secrets = new SecretStore(InvokeCommand, SecretVault) });
        RunEngine(vaultPath, (gate, token) => access.RunAsync(gate, async vault => gate.WriteKey(await added.AddAsync(vault, Label, Replace ?? [], token), vaultPath), token));
    }
}
