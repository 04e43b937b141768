using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Changes settings of a registered target.</summary>
[Cmdlet(VerbsCommon.Set, "BackupTarget", SupportsShouldProcess = true)]
[OutputType(typeof(BackupTarget))]
public sealed class SetBackupTargetCommand : TargetSettingsCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TargetCompleter))]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>Names of settings to take away, as Get-BackupTarget shows them under Options; MaxBytesPerSecond and Timetable too.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Clear { get; set; }

    protected override void ProcessRecord()
    {
        TargetSettings? before = null;
        TargetSettings? after = null;
        GuardEngine(Name, () => before = Registry.Require(Name));
        GuardEngine(Name, () => after = Apply(Cleared(before!)));
        if (!ShouldProcess(Name, "Change the target"))
        {
            return;
        }

        if (!SkipTest)
        {
            Check(after!);
        }

        WriteObject(Keep(after!, before));
    }

    private TargetSettings Cleared(TargetSettings settings)
    {
        var gone = (Clear ?? []).ToHashSet(StringComparer.OrdinalIgnoreCase);
        if (gone.Except([.. settings.Options.Keys, nameof(MaxBytesPerSecond), nameof(Timetable)], StringComparer.OrdinalIgnoreCase).FirstOrDefault() is { } unknown)
        {
            throw new RequestException(FaultCodes.TargetOptionInvalid, $"The target '{Name}' has no setting '{unknown}'.") { Remedy = "Look at its Options with Get-BackupTarget." };
        }

        var options = settings.Options.Where(option => !gone.Contains(option.Key)).ToDictionary(StringComparer.Ordinal);
        FoundOut.Forget(options, settings, [.. gone.Select(static key => KeyValuePair.Create(key.ToLowerInvariant(), ""))], isCredentialGiven: false);
        return settings with
        {
            Options = options,
            MaxBytesPerSecond = gone.Contains(nameof(MaxBytesPerSecond)) ? null : settings.MaxBytesPerSecond,
            Timetable = gone.Contains(nameof(Timetable)) ? [] : settings.Timetable,
        };
    }
}
