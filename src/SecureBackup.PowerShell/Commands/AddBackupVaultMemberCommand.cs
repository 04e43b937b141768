using System.Management.Automation;
using System.Security;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Lets somebody into a vault, with a key of their own.</summary>
[Cmdlet(VerbsCommon.Add, "BackupVaultMember", SupportsShouldProcess = true)]
[OutputType(typeof(BackupMemberKey))]
public sealed class AddBackupVaultMemberCommand : VaultCommand
{
    /// <summary>What the vault calls the member: a person's or a machine's name.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public BackupMemberRole[] Role { get; set; } = [];

    /// <summary>The key file to make; an existing file is never overwritten.</summary>
    [Parameter(Position = 2)]
    [Alias("LiteralPath", "PSPath")]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>The data sets that a writer may write; all when not given.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? DataSet { get; set; }

    /// <summary>A verifier that may open what was backed up.</summary>
    [Parameter]
    public SwitchParameter CanRead { get; set; }

    /// <summary>For an owner, instead of a key file or beside it.</summary>
    [Parameter]
    public SecureString? OwnerPassphrase { get; set; }

    /// <summary>The name of a secret that is the owner's passphrase.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OwnerPassphraseSecret { get; set; }

    protected override void EndProcessing()
    {
        var vaultPath = RequireVaultPath();
        string? path = null;
        GuardEngine(Name, () => path = Path is null ? null : ResolvePath(Path));
        if (!ShouldProcess(vaultPath, $"Add '{Name}' as {string.Join(", ", Role)}{(path is null ? "" : $" and write its key to {path}")}"))
        {
            return;
        }

        SecretText? chosen = null;
        var given = new KeyParameters(OwnerPassphrase, null) { PassphraseSecret = OwnerPassphraseSecret, Secrets = new SecretStore(InvokeCommand, SecretVault) };
        GuardEngine(vaultPath, () => chosen = given.ChoosePassphrase());
        using var passphrase = chosen;
        RunOnVault(vaultPath, async (vault, gate, token) =>
        {
            var member = new NewMember(Name, BackupMember.ToEngine(Role)) { KeyFilePath = path, Passphrase = passphrase?.Characters, DataSets = DataSet, MayRead = CanRead };
            gate.WriteObject(BackupMemberKey.From(await MemberAdmission.AddAsync(vault, member, token), member, vaultPath));
        });
    }
}
