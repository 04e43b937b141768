using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Keeps the address, the settings and the credential of a target under a name.</summary>
[Cmdlet(VerbsLifecycle.Register, "BackupTarget", SupportsShouldProcess = true)]
[OutputType(typeof(BackupTarget))]
public sealed class RegisterBackupTargetCommand : TargetSettingsCommand
{
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Uri { get; set; } = string.Empty;

    /// <summary>Also where one of this name is there, or its file is damaged.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    protected override void EndProcessing()
    {
        TargetSettings? settings = null;
        TargetSettings? before = null;
        GuardEngine(Name, () => settings = Apply(new TargetSettings { Name = RequireFree(), Address = Address(), RegisteredAt = TimeProvider.System.GetUtcNow() }));
        GuardEngine(Name, () => RemotePlaces.PlatformOf(settings!));
        if (!ShouldProcess(Name, $"Register the target {settings!.Address}"))
        {
            return;
        }

        if (!SkipTest)
        {
            Check(settings);
        }

        GuardEngine(Name, () => before = Force && Registry.Has(Name) ? Registry.Require(Name, evenDamaged: true) : null);
        WriteObject(Keep(settings, before));
    }

    /// <summary>Before anybody is asked for anything.</summary>
    private string RequireFree()
    {
        TargetRegistry.RequireName(Name);
        return Force || !Registry.Has(Name) ? Name : throw new RequestException(FaultCodes.TargetNameTaken, $"There is a target '{Name}' already.");
    }

    /// <summary>An address that is plain http in itself has to say that it may be.</summary>
    private TargetUri Address()
    {
        try
        {
            return TargetUri.Parse(Uri);
        }
        catch (RequestException exception) when (AllowPlainHttp && exception.Code == FaultCodes.PlainHttpRefused)
        {
            return TargetUri.Parse($"{Uri}{(Uri.Contains('?', StringComparison.Ordinal) ? '&' : '?')}allowplainhttp=yes");
        }
    }
}
