using System.Globalization;
using System.Management.Automation;
using System.Security;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Opens a vault with recovery sheets, and gives it a new passphrase or key file.</summary>
[Cmdlet(VerbsData.Restore, "BackupVaultKey", SupportsShouldProcess = true)]
[OutputType(typeof(BackupVaultKey))]
public sealed class RestoreBackupVaultKeyCommand : EngineCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [VaultPath]
    [ValidateNotNullOrEmpty]
    public string Vault { get; set; } = string.Empty;

    /// <summary>Sheets that are files.</summary>
    [Parameter(Position = 1)]
    [Alias("LiteralPath")]
    [ValidateNotNullOrEmpty]
    public string[]? Path { get; set; }

    /// <summary>The words of sheets, one string each. Without this and -Path they are asked for.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public SecureString[]? Share { get; set; }

    [Parameter]
    public SecureString? NewPassphrase { get; set; }

    /// <summary>The name of a secret that is the new passphrase.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NewPassphraseSecret { get; set; }

    /// <summary>Where to write a new owner's key file; made new, never overwritten.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? NewKeyFile { get; set; }

    /// <summary>The registered secret vault that knows the secret; the default one when not given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SecretVault { get; set; }

    /// <summary>What the vault calls the new key.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Label { get; set; }

    protected override void EndProcessing()
    {
        var (vaultPath, keyFile) = ResolvePaths(Vault, NewKeyFile);
        if (!ShouldProcess(vaultPath, keyFile is null ? "Open the vault with recovery sheets and give it a new passphrase" : $"Open the vault with recovery sheets and write the key file {keyFile}"))
        {
            return;
        }

        using var reached = OpenLocked(vaultPath);
        using var credential = Gather(vaultPath);
        using var added = ChooseAdded(vaultPath, new KeyParameters(NewPassphrase, keyFile) { PassphraseSecret = NewPassphraseSecret, Secrets = new SecretStore(InvokeCommand, SecretVault) });
        RunEngine(vaultPath, async (gate, token) =>
        {
            using var vault = await reached.Locked.UnlockAsync(credential, VaultOpening.Context(gate), token);
            gate.WriteKey(await added.AddAsync(vault, Label, [], token), vaultPath);
        });
    }

    private SharesCredential Gather(string vaultPath)
    {
        SharesCredential? credential = null;
        if (Path is not null)
        {
            IReadOnlyList<string> paths = [];
            GuardEngine(Path, () => paths = FileSystemPaths.ResolveRoots(SessionState, Path, isLiteral: Path.All(path => File.Exists(ResolvePath(path)))));
            RunEngine(vaultPath, (gate, _) => Task.FromResult(credential = RecoverySheets.Combine(paths, gate)));
        }
        else
        {
            GuardEngine(vaultPath, () => credential = Share is null ? AskFor(vaultPath) : RecoverySheets.Combine([.. Share.Select(static words => SecretText.From(words))]));
        }

        return credential!;
    }

    /// <summary>Sheet after sheet, each judged as soon as it is typed; the first one says how many it takes.</summary>
    private SharesCredential AskFor(string vaultPath)
    {
        var chain = new KeyChain(new KeyParameters(null, null), Host);
        return RecoverySheets.Combine(number => chain.Ask(string.Create(CultureInfo.CurrentCulture, $"The words of sheet {number}"), vaultPath, "Words"));
    }
}
