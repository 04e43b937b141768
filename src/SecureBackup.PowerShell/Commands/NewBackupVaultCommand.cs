using System.Management.Automation;
using System.Security;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Makes an empty vault in a folder, or in a store.</summary>
[Cmdlet(VerbsCommon.New, "BackupVault", SupportsShouldProcess = true)]
[OutputType(typeof(BackupVaultInfo))]
public sealed class NewBackupVaultCommand : EngineCommand
{
    [Parameter(Mandatory = true, Position = 0)]
    [Alias("LiteralPath", "PSPath")]
    [VaultPath]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    [Parameter(Position = 1)]
    public SecureString? Passphrase { get; set; }

    /// <summary>Where to write an owner key file; made new, never overwritten.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KeyFile { get; set; }

    /// <summary>The name of a secret that is the vault's passphrase.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? PassphraseSecret { get; set; }

    /// <summary>The registered secret vault that knows these names; the default one when not given.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SecretVault { get; set; }

    /// <summary>The owner's name in the vault's register.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? OwnerName { get; set; }

    protected override void EndProcessing()
    {
        var (path, keyFile) = ResolvePaths(Path, KeyFile);
        using var access = Reach(path);
        RequireFree(access);
        if (!ShouldProcess(path, "Create a backup vault"))
        {
            return;
        }

        SecretText? passphrase = null;
        var given = new KeyParameters(Passphrase, keyFile) { PassphraseSecret = PassphraseSecret, Secrets = new SecretStore(InvokeCommand, SecretVault) };
        GuardEngine(path, () => passphrase = new KeyChain(given, Host).ResolveNew(path));
        using (passphrase)
        {
            RunEngine(path, async (gate, token) =>
            {
                var options = new VaultCreation
                {
                    Passphrase = passphrase?.Characters,
                    KeyFilePath = keyFile,
                    OwnerName = OwnerName ?? Environment.UserName,
                };
                await using var target = VaultOpening.CreateTarget(access);
                using var vault = await VaultCreator.CreateAsync(target, options, VaultOpening.Context(gate), token);
                gate.WriteObject(BackupVaultInfo.From(path, vault, isConnected: false));
                if (access.IsKnownToOverwrite(target))
                {
                    gate.Report(new BackupEvent(EventSeverity.Warning, $"{target.DisplayName} does not refuse a second put of a name.", FaultCodes.NamesNotExclusive));
                }
            });
        }
    }

    /// <summary>Before anybody is asked. A folder that does not exist is made later, and with -WhatIf not at all.</summary>
    private void RequireFree(TargetAccess access)
    {
        var path = access.Place;
        if (VaultPlace.IsRemote(path) || Directory.Exists(path))
        {
            RunEngine(path, async (_, token) =>
            {
                await using var target = VaultOpening.CreateTarget(access);
                await VaultCreator.RequireEmptyAsync(target, token);
            });
        }
    }
}
