using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Faults;

namespace SecureBackup.PowerShell.Commands;

/// <summary>A cmdlet about the place itself: of registered targets, or at an address.</summary>
public abstract class TargetCommand : EngineCommand
{
    private protected const string NameSet = "Name";
    private protected const string UriSet = "Uri";

    /// <summary>Of registered targets.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = NameSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(TargetCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = [];

    /// <summary>An address that is registered under no name.</summary>
    [Parameter(Mandatory = true, ParameterSetName = UriSet)]
    [ValidateNotNullOrEmpty]
    public string Uri { get; set; } = string.Empty;

    /// <summary>What every target is put through. One that cannot be opened hides none of the others.</summary>
    protected override void ProcessRecord()
    {
        foreach (var given in ParameterSetName is NameSet ? Name : [Uri])
        {
            try
            {
                var settings = ParameterSetName is NameSet ? TargetRegistry.Default.Require(given) : new TargetSettings { Address = TargetUri.Parse(given) };
                using var credential = new CredentialStore(TargetRegistry.Default, InvokeCommand).Open(settings);
                Process(settings, RemotePlaces.PlatformOf(settings), credential);
            }
            catch (BackupException exception)
            {
                WriteError(ErrorRecordFactory.From(exception, given));
            }
        }
    }

    private protected abstract void Process(TargetSettings settings, string platform, TargetCredential credential);

    /// <summary>As it is called in questions and errors.</summary>
    private protected static string SubjectOf(TargetSettings settings) => settings.Name ?? settings.Address.Canonical;

    /// <summary>Adds what was found out to a registered target, as it is by now: somebody may have changed it meanwhile. One that is gone, or lies elsewhere, learns nothing.</summary>
    private protected static async Task LearnAsync(TargetSettings asked, Action<Dictionary<string, string>> change, CancellationToken cancellationToken)
    {
        if (asked.Name is null || TargetRegistry.Default.Find(asked.Name) is not { } now || !FoundOut.IsSame(now, asked))
        {
            return;
        }

        var options = new Dictionary<string, string>(now.Options, StringComparer.Ordinal);
        change(options);
        if (options.Count != now.Options.Count || options.Any(option => !string.Equals(now.Options.GetValueOrDefault(option.Key), option.Value, StringComparison.Ordinal)))
        {
            await TargetRegistry.Default.SaveAsync(now with { Options = options }, replaces: true, cancellationToken);
        }
    }
}
