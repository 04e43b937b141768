using System.Management.Automation;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Brings a snapshot, or a part of it, back into a folder.</summary>
[Cmdlet(VerbsData.Restore, "CustomerBackup", SupportsShouldProcess = true, DefaultParameterSetName = NewestSet)]
[OutputType(typeof(RestoreReport))]
public sealed class RestoreCustomerBackupCommand : LongVaultCommand
{
    private const string NewestSet = "Newest";
    private const string SnapshotSet = "Snapshot";

    private readonly SnapshotRequests _requests = new();
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

    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Destination { get; set; } = string.Empty;

    /// <summary>Restore only what matches: paths in the snapshot or patterns. Items by pipeline bring their own.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Include { get; set; } = [];

    /// <summary>Without it the destination must be empty or not exist.</summary>
    [Parameter]
    public OverwritePolicy? Overwrite { get; set; }

    protected override void ProcessRecord()
    {
        Gather(_requests, Snapshot);
        _includes.AddRange(Include.Except(_includes, StringComparer.Ordinal).ToList());
    }

    private protected override void Execute()
    {
        var destination = string.Empty;
        GuardEngine(Destination, () => destination = ResolvePath(Destination));
        foreach (var (path, ids) in _requests.ByVault)
        {
            GuardEngine(destination, () => FileSystemPaths.RequireOutside(destination, path));
            var what = ids.Count == 0 ? $"the newest snapshot{(DataSet is null ? null : $" of '{DataSet}'")}" : string.Join(", ", ids.Select(Display.ShortId));
            if (ShouldProcess($"{what} of {path} to {destination}", "Restore"))
            {
                RunLong(path, (vault, gate, token) => RestoreAsync(vault.RequireReader(), path, ids, destination, gate, token));
            }
        }
    }

    private async Task RestoreAsync(
        VaultReader reader, string vaultPath, IReadOnlyList<string> ids, string destinationPath, PipelineGate gate, CancellationToken cancellationToken)
    {
        var catalog = await SnapshotCatalog.LoadAsync(reader.Vault, cancellationToken);
        catalog.ReportProblems(gate);
        var snapshots = ids.Count == 0 ? [SnapshotChoice.RequireNewest(catalog, DataSet, AsOf, gate)] : ids.Select(catalog.Resolve).Distinct().ToList();
        var options = DestinationOptions.Default with { Overwrite = Overwrite is { } policy ? Enum.Parse<OverwriteMode>(policy.ToString()) : null };
        await using var destination = FileSystemDestination.Open(destinationPath, options);
        foreach (var snapshot in snapshots)
        {
            gate.WriteVerbose($"Restoring {snapshot.DataSet} of {Display.Time(snapshot.StartedAt.ToDateTimeOffset())} ({Display.ShortId(snapshot.Id.ToString())}).");
            var counters = gate.ShowProgress($"Restoring {snapshot.DataSet}");
            var request = new RestoreRequest(reader, snapshot) { Include = _includes };
            var result = await RestoreCorridor.RunAsync(request, destination, new RunContext(counters, gate), cancellationToken);
            Write(RestoreReport.From(vaultPath, destinationPath, result), gate);
        }
    }

    private static void Write(RestoreReport report, PipelineGate gate)
    {
        gate.WriteObject(report);
        gate.WriteFaults(report.Faults);
    }
}
