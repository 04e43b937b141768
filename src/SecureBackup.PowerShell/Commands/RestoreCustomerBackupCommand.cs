using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Brings a snapshot, or a part of it, back into a folder, or to where it was. With -WhatIf it says what that would take.</summary>
[Cmdlet(VerbsData.Restore, "CustomerBackup", SupportsShouldProcess = true, DefaultParameterSetName = NewestSet)]
[OutputType(typeof(RestoreReport), typeof(RestoredItem), typeof(RestorePreflight))]
public sealed partial class RestoreCustomerBackupCommand : LongVaultCommand
{
    private const string NewestSet = "Newest";
    private const string SnapshotSet = "Snapshot";

    private readonly VaultRequests _requests = VaultRequests.OfSnapshots();
    private readonly List<string> _includes = [];

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = SnapshotSet, ValueFromPipeline = true)]
    [Alias("Id")]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNullOrEmpty]
    public SnapshotReference[] Snapshot { get; set; } = [];

    /// <summary>The newest snapshot that started at or before this time.</summary>
    [Parameter(ParameterSetName = NewestSet)]
    public DateTimeOffset? AsOf { get; set; }

    [Parameter(ParameterSetName = NewestSet)]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    /// <summary>The folder to restore into. With -InPlace it may be left out: the roots then go back to where they were. Records come out of the pipeline, and need none.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Destination { get; set; }

    /// <summary>Restore only what matches: paths in the snapshot or patterns. Items by pipeline bring their own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Include { get; set; } = [];

    /// <summary>Without it the destination must be empty or not exist.</summary>
    [Parameter]
    public OverwritePolicy? Overwrite { get; set; }

    /// <summary>Make what stands there as the snapshot has it: keep what is right, fetch what differs.</summary>
    [Parameter]
    public SwitchParameter InPlace { get; set; }

    /// <summary>With -InPlace: delete what the snapshot does not hold and the backup would have taken.</summary>
    [Parameter]
    public SwitchParameter Mirror { get; set; }

    /// <summary>Start although the destination seems to have too little room.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Emit what became of each entry, before the report.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>Do not read each file back before it gets its name.</summary>
    [Parameter]
    public SwitchParameter SkipReadBack { get; set; }

    /// <summary>Ask for all that the restore needs and lies in an archive to be readable for so many days, and end there; restore where all of it can be read.</summary>
    [Parameter]
    [ValidateRange(1, 365)]
    public int? Warm { get; set; }

    /// <summary>What -Warm asks for: sooner costs more.</summary>
    [Parameter]
    public WarmUpSpeed WarmSpeed { get; set; } = WarmUpSpeed.Standard;

    protected override void ProcessRecord()
    {
        Gather(_requests, Snapshot);
        _includes.AddRange(Include.Except(_includes, StringComparer.Ordinal).ToList());
    }

    private protected override bool BeginsWithSnapshots => !Mirror && _requests.ByVault.All(static request => request.Items.Count == 0);

    private protected override void Execute()
    {
        if (Warm is null)
        {
            GuardEngine(Destination, () => RequireNone([nameof(WarmSpeed)], FaultCodes.ParameterOfOtherKind, "says how fast -Warm is to be, which was not given"));
        }

        if (Destination is null && !InPlace)
        {
            EmitRecords();
            return;
        }

        RestoreWork? work = null;
        GuardEngine(Destination, () => RequireNone(ParametersOfRecords, FaultCodes.ParameterOfOtherKind, "choose among records, which come out of the pipeline without -Destination and -InPlace"));
        GuardEngine(Destination, () => work = Work());
        foreach (var (path, ids) in _requests.ByVault)
        {
            GuardEngine(Destination, () => work!.RequireOutside(path));
            var what = ids.Count == 0 ? $"the newest snapshot{(DataSet is null ? null : $" of '{DataSet}'")}" : string.Join(", ", ids.Select(Display.ShortId));
            var deed = $"Restore {what} of {path} to {work!.DisplayDestination}{(Mirror ? " and delete what it does not hold" : null)}";
            if (ShouldProcess($"{deed}.", $"{deed}?", "Restore", out var reason) && (!Mirror || MayDelete(deed)))
            {
                RunLong(path, (vault, gate, token) => work.RestoreAsync(vault.RequireReader(), path, ids, gate, token));
            }
            else if (reason == ShouldProcessReason.WhatIf)
            {
                RunOnVault(path, (vault, gate, token) => work.ForeseeAsync(vault.RequireReader(), path, ids, gate, token));
            }
        }
    }

    /// <summary>
    /// A deletion is asked about as a deed of high impact is; the rest of this cmdlet is none. With -Confirm it was asked a moment ago, and -Confirm:$false answers.
    /// </summary>
    private bool MayDelete(string deed) =>
        MyInvocation.BoundParameters.ContainsKey("Confirm")
        || GetVariableValue("ConfirmPreference") is ConfirmImpact.None or "None"
        || ShouldContinue($"{deed}?", "Delete what the snapshot does not hold");

    private RestoreWork Work() => new()
    {
        Destination = Destination is null ? null : ResolvePath(Destination),
        Overwrite = Overwrite,
        IsInPlace = InPlace,
        Mirrors = Mirror,
        Includes = _includes,
        DataSet = DataSet,
        AsOf = AsOf,
        IgnoresRoom = Force,
        EmitsItems = PassThru,
        ReadsBack = !SkipReadBack,
        Warm = WarmOptions,
    };

    private WarmOptions? WarmOptions => Warm is { } days ? new WarmOptions(TimeSpan.FromDays(days), Enum.Parse<WarmSpeed>(WarmSpeed.ToString())) : null;
}
