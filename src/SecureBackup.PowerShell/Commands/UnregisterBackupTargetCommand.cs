using System.Management.Automation;
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
            GuardEngine(name, () => settings = registry.Require(name, evenDamaged: true));
            if (!ShouldProcess(name, "Forget the target and its stored credential"))
            {
                continue;
            }

            GuardEngine(name, () => new CredentialStore(registry, InvokeCommand).Forget(settings!, WriteWarning));
            RunEngine(name, (_, token) => registry.RemoveAsync(name, token));
        }
    }
}
