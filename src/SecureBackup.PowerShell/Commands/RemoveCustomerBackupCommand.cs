using System.Management.Automation;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Removes snapshots that are named, or that the rules do not keep. What they alone need is freed by Optimize-BackupVault.</summary>
[Cmdlet(VerbsCommon.Remove, "CustomerBackup", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High, DefaultParameterSetName = SnapshotSet)]
[OutputType(typeof(CustomerBackupRemoval))]
public sealed class RemoveCustomerBackupCommand : VaultCommand
{
    private const string SnapshotSet = "Snapshot";
    private const string RulesSet = "Rules";

    private readonly VaultRequests _requests = VaultRequests.OfSnapshots();

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = SnapshotSet, ValueFromPipeline = true)]
    [Alias("Id")]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNullOrEmpty]
    public SnapshotReference[] Snapshot { get; set; } = [];

    /// <summary>The newest snapshots, so many of each series: a data set as one host makes it.</summary>
    [Parameter(ParameterSetName = RulesSet)]
    public int? KeepLast { get; set; }

    [Parameter(ParameterSetName = RulesSet)]
    public int? KeepHourly { get; set; }

    [Parameter(ParameterSetName = RulesSet)]
    public int? KeepDaily { get; set; }

    [Parameter(ParameterSetName = RulesSet)]
    public int? KeepWeekly { get; set; }

    [Parameter(ParameterSetName = RulesSet)]
    public int? KeepMonthly { get; set; }

    [Parameter(ParameterSetName = RulesSet)]
    public int? KeepYearly { get; set; }

    /// <summary>Everything that is younger than the newest by at most so much: 30d, 8w, 12h, or a time span.</summary>
    [Parameter(ParameterSetName = RulesSet)]
    [Duration]
    public TimeSpan? KeepWithin { get; set; }

    /// <summary>The data sets that the rules are for; all without it.</summary>
    [Parameter(ParameterSetName = RulesSet)]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    /// <summary>Whose days, weeks and months the rules mean.</summary>
    [Parameter(ParameterSetName = RulesSet)]
    [ArgumentCompleter(typeof(TimeZoneCompleter))]
    [ValidateNotNullOrEmpty]
    public string TimeZone { get; set; } = "UTC";

    /// <summary>Go by the times that the snapshots claim: in a vault that was copied, the store's dates are those of the copying.</summary>
    [Parameter(ParameterSetName = RulesSet)]
    public SwitchParameter TrustClaimedTime { get; set; }

    /// <summary>Kept in the vault's record of the removal.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SnapshotSet)]
    [Parameter(ParameterSetName = RulesSet)]
    [ValidateLength(1, RemovalRequest.MaxReasonLength)]
    public string? Reason { get; set; }

    private bool HasRules => string.Equals(ParameterSetName, RulesSet, StringComparison.Ordinal);

    private protected override bool ReadsStore => true;

    protected override void BeginProcessing()
    {
        if (HasRules)
        {
            GuardEngine(null, () => Policy().RequireKeepsSomething());
        }
    }

    protected override void ProcessRecord() => Gather(_requests, Snapshot);

    protected override void EndProcessing()
    {
        foreach (var (path, ids) in _requests.ByVault)
        {
            RunOnVault(path, (vault, gate, token) => RemoveAsync(RequestFor(vault, ids), ids, path, gate, token));
        }
    }

    private async Task RemoveAsync(RemovalRequest request, IReadOnlyList<string> ids, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        var plan = await RemovalPlan.MakeAsync(request, cancellationToken);
        plan.Catalog.ReportProblems(gate);
        if (DataSet is not null && plan.Snapshots.Count == 0)
        {
            gate.Report(new BackupEvent(EventSeverity.Warning, $"No snapshot of {path} is of a data set '{DataSet}'; the rules had nothing to look at."));
        }

        if (!HasRules)
        {
            await GiveUpAsync(request, [.. plan.Catalog.Missing.Where(missing => ids.Any(id => IsMissing(missing, id)))], plan.Catalog, path, gate, cancellationToken);
        }

        var chosen = new List<PlannedRemoval>();
        foreach (var removal in plan.Snapshots)
        {
            if (removal.Planned.IsExpired)
            {
                await AskAsync(removal, path, chosen, gate, cancellationToken);
            }
            else
            {
                TellKept(removal, path, gate);
            }
        }

        if (chosen.Count == 0)
        {
            return;
        }

        var result = await SnapshotRemoval.RunAsync(request, [.. chosen.Select(static removal => removal.Snapshot.Id)], cancellationToken);
        var kept = result.Kept.ToDictionary(static removal => removal.Snapshot.Id);
        foreach (var removal in chosen)
        {
            if (kept.TryGetValue(removal.Snapshot.Id, out var judged))
            {
                TellKept(judged, path, gate);
            }
            else
            {
                gate.WriteObject(CustomerBackupRemoval.Of(path, removal, RemovalAction.Removed, WhyItMayGo(removal)));
            }
        }

        gate.WriteVerbose($"{result.Removed.Count} snapshots removed, {result.LeftoversDeleted} leftovers of interrupted removals deleted, {result.Reinstated} taken back, {result.RecordsFolded} records folded.");
    }

    private void TellKept(PlannedRemoval removal, string path, PipelineGate gate)
    {
        if (HasRules)
        {
            gate.WriteObject(CustomerBackupRemoval.Kept(path, removal));
        }
        else
        {
            gate.WriteError(ErrorRecordFactory.From(removal.Refusal!, removal.Snapshot.Id.ToString()));
        }
    }

    private async Task AskAsync(PlannedRemoval removal, string path, List<PlannedRemoval> chosen, PipelineGate gate, CancellationToken cancellationToken)
    {
        var snapshot = removal.Snapshot;
        var what = $"Remove the snapshot {Display.ShortId(snapshot.Id.ToString())} of '{snapshot.DataSet}', {Display.Time(snapshot.StartedAt.ToDateTimeOffset())}, from {path}: {WhyItMayGo(removal)}";
        var reason = ShouldProcessReason.None;
        if (await gate.AskAsync(() => ShouldProcess($"{what}.", $"{what}?", "Remove-CustomerBackup", out reason), cancellationToken))
        {
            chosen.Add(removal);
            return;
        }

        gate.WriteObject(reason == ShouldProcessReason.WhatIf
            ? CustomerBackupRemoval.Of(path, removal, RemovalAction.WouldRemove, WhyItMayGo(removal))
            : CustomerBackupRemoval.Of(path, removal, RemovalAction.Kept, "nobody agreed to its removal"));
    }

    /// <summary>What is missing goes by its whole id alone: a record closes the gap that it left.</summary>
    private async Task GiveUpAsync(
        RemovalRequest request, IReadOnlyList<MissingSnapshot> named, SnapshotCatalog catalog, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        var lost = new List<MissingSnapshot>();
        foreach (var missing in named)
        {
            var what = $"Record the missing snapshot {missing.Manifest.Id} of {path} as removed; a copy that is brought back later counts for nothing";
            var reason = ShouldProcessReason.None;
            if (await gate.AskAsync(() => ShouldProcess($"{what}.", $"{what}?", "Remove-CustomerBackup", out reason), cancellationToken))
            {
                lost.Add(missing);
            }
            else if (reason == ShouldProcessReason.WhatIf)
            {
                gate.WriteObject(CustomerBackupRemoval.Lost(path, missing, RemovalAction.WouldRemove));
            }
        }

        if (lost.Count > 0)
        {
            await SnapshotRemoval.GiveUpAsync(request, catalog, lost, cancellationToken);
            lost.ForEach(missing => gate.WriteObject(CustomerBackupRemoval.Lost(path, missing, RemovalAction.Removed)));
        }
    }

    private string WhyItMayGo(PlannedRemoval removal) => HasRules ? removal.Planned.ExpiryText : $"asked for by name: {Reason}";

    private static bool IsMissing(MissingSnapshot missing, string id) => string.Equals(missing.Manifest.Id.ToString(), id, StringComparison.OrdinalIgnoreCase);

    private RemovalRequest RequestFor(UnlockedVault vault, IReadOnlyList<string> ids) => new(vault, Reason ?? $"retention: {RulesText()}")
    {
        Policy = HasRules ? Policy() : new RetentionPolicy(),
        Named = HasRules ? null : catalog => ids.Where(id => !catalog.Missing.Any(missing => IsMissing(missing, id))).Select(catalog.Resolve).ToList(),
        IsMeant = DataSet is null ? null : WildcardPattern.Get(DataSet, WildcardOptions.IgnoreCase).IsMatch,
    };

    private RetentionPolicy Policy() => new()
    {
        KeepLast = KeepLast,
        KeepHourly = KeepHourly,
        KeepDaily = KeepDaily,
        KeepWeekly = KeepWeekly,
        KeepMonthly = KeepMonthly,
        KeepYearly = KeepYearly,
        KeepWithin = KeepWithin,
        TimeZone = RetentionPolicy.ZoneNamed(TimeZone),
        TrustsClaimedTime = TrustClaimedTime,
    };

    private string RulesText() => string.Join(", ", MyInvocation.BoundParameters.Where(static pair => pair.Key.StartsWith("Keep", StringComparison.Ordinal)).Select(static pair => $"{pair.Key} {pair.Value}"));
}
