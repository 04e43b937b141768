using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Forgets a registered target and its stored credential. Nothing on the store changes.</summary>
[Cmdlet(VerbsLifecycle.Unregister, "BackupTarget", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
public sealed class UnregisterBackupTargetCommand : EngineCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TargetCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    protected override void ProcessRecord()
    {
        var registry = TargetRegistry.Default;
        foreach (var name in Name)
        {
            TargetSettings? settings = null;
            GuardEngine(name, () => settings = Find(registry, name));
            if (!ShouldProcess(name, "Forget the target and its stored credential"))
            {
                continue;
            }

            // The credential first: what is left after a failure can be tried again by its name.
            GuardEngine(name, () => new CredentialStore(registry, InvokeCommand).Forget(settings!));
            RunEngine(name, (_, token) => registry.RemoveAsync(name, token));
        }
    }

    /// <summary>Of a damaged file only the file is known, and where this computer would keep its credential.</summary>
    private static TargetSettings Find(TargetRegistry registry, string name)
    {
        try
        {
            return registry.Require(name);
        }
        catch (RequestException exception) when (exception.Code == FaultCodes.TargetFileDamaged)
        {
            return new TargetSettings { Name = name, Address = TargetUri.Parse("s3://unknown"), Credential = new CredentialReference(CredentialSource.Stored) };
        }
    }
}
