using System.Management.Automation;
using System.Security;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>A cmdlet that works on an open vault: a connected one, or one that it opens for itself and closes again.</summary>
public abstract class VaultCommand : EngineCommand
{
    /// <summary>The folder of the vault, or the object that a vault cmdlet emitted. Not needed while exactly one vault is connected.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [VaultPath]
    [ValidateNotNullOrEmpty]
    public string? Vault { get; set; }

    [Parameter]
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

    /// <inheritdoc cref="RunLimits.ReadsStore"/>
    private protected virtual bool ReadsStore => false;

    /// <summary>Whether the catalog of snapshots is what the work asks for first, and it deletes nothing by it: then they are listed while the vault is opened.</summary>
    private protected virtual bool BeginsWithSnapshots => false;

    /// <summary>The full path of the vault that this cmdlet is about; no store is touched.</summary>
    private protected string RequireVaultPath()
    {
        var path = string.Empty;
        GuardEngine(Vault, () => path = Vault is null ? RunspaceVaults.Current.RequireSingle().Path : ResolveVault(Vault));
        return path;
    }

    /// <summary>Keeps what was asked for. A vault that is named goes before the one that a snapshot brings, and that before the connected one.</summary>
    private protected void Gather(VaultRequests requests, SnapshotReference[] snapshots)
    {
        if (snapshots.Length == 0)
        {
            requests.Add(RequireVaultPath(), []);
        }

        foreach (var snapshot in snapshots)
        {
            requests.Add(Vault is null && snapshot.Vault is { } own ? own : RequireVaultPath(), [snapshot.Id]);
        }
    }

    /// <summary>Keeps which customers are meant, each with the vault that came with her: what one vault is told to erase must never go to another.</summary>
    private protected void GatherSubjects(VaultRequests requests, string[] subjects)
    {
        var vault = RequireVaultPath();
        foreach (var subject in subjects)
        {
            GuardEngine(subject, () => requests.Add(vault, [SubjectName.Of(subject)]));
        }
    }

    /// <summary>Runs <paramref name="work"/> with the vault open.</summary>
    private protected void RunOnVault(string path, Func<UnlockedVault, PipelineGate, CancellationToken, Task> work)
    {
        using var access = ChooseAccess(path);
        RunOnVault(path, access, work);
    }

    private protected void RunOnVault(string path, VaultAccess access, Func<UnlockedVault, PipelineGate, CancellationToken, Task> work) =>
        RunEngine(path, (gate, token) => access.RunAsync(gate, new RunLimits { ReadsStore = ReadsStore }, vault => work(vault, gate, token), token));

    /// <summary>How the vault is opened, with everything settled that a person may be asked for.</summary>
    private protected VaultAccess ChooseAccess(string path)
    {
        var chain = new KeyChain(KeyGiven(), Host);
        if (!chain.IsExplicit && RunspaceVaults.Current.Find(path) is { } connected)
        {
            return VaultAccess.Of(connected);
        }

        // The vault is looked at before anybody types a passphrase, so a wrong folder is said at once.
        using var reached = OpenLocked(path, BeginsWithSnapshots);
        var key = ChooseKey(chain, path);
        return VaultAccess.Of(reached.Take(), key);
    }

    private KeyParameters KeyGiven() => new(Passphrase, KeyFile is null ? null : ResolvePath(KeyFile))
    {
        PassphraseSecret = PassphraseSecret,
        KeyFileSecret = KeyFileSecret,
        Secrets = new SecretStore(InvokeCommand, SecretVault),
    };

    private KeyChoice ChooseKey(KeyChain chain, string path)
    {
        KeyChoice? key = null;
        GuardEngine(path, () => key = chain.Resolve(path));
        return key!;
    }
}
