using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Shows registered targets. No store is asked.</summary>
[Cmdlet(VerbsCommon.Get, "BackupTarget")]
[OutputType(typeof(BackupTarget))]
public sealed class GetBackupTargetCommand : EngineCommand
{
    /// <summary>Wildcards are allowed.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TargetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Name { get; set; }

    protected override void ProcessRecord()
    {
        var registry = TargetRegistry.Default;
        foreach (var wanted in Name ?? ["*"])
        {
            if (!WildcardPattern.ContainsWildcardCharacters(wanted))
            {
                Show(registry, wanted);
                continue;
            }

            var pattern = WildcardPattern.Get(wanted, WildcardOptions.IgnoreCase);
            foreach (var name in registry.Names().Where(pattern.IsMatch))
            {
                Show(registry, name);
            }
        }
    }

    /// <summary>One that cannot be read hides none of the others.</summary>
    private void Show(TargetRegistry registry, string name)
    {
        try
        {
            var settings = registry.Require(name);
            WriteObject(BackupTarget.From(settings, RemotePlaces.PlatformOf(settings)));
        }
        catch (BackupException exception)
        {
            WriteError(ErrorRecordFactory.From(exception, name));
        }
    }
}
