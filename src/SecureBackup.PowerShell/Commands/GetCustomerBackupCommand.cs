using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Lists snapshots, newest first.</summary>
[Cmdlet(VerbsCommon.Get, "CustomerBackup", DefaultParameterSetName = QuerySet)]
[OutputType(typeof(CustomerBackup))]
public sealed class GetCustomerBackupCommand : VaultCommand
{
    private const string QuerySet = "Query";
    private const string IdSet = "Id";

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = IdSet, ValueFromPipeline = true)]
    [Alias("Snapshot")]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? Id { get; set; }

    [Parameter(ParameterSetName = QuerySet)]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    /// <summary>Snapshots that carry all of these.</summary>
    [Parameter(ParameterSetName = QuerySet)]
    [ArgumentCompleter(typeof(TagCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[]? Tag { get; set; }

    [Parameter(ParameterSetName = QuerySet)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string? HostName { get; set; }

    [Parameter(ParameterSetName = QuerySet)]
    public DateTimeOffset? After { get; set; }

    [Parameter(ParameterSetName = QuerySet)]
    public DateTimeOffset? Before { get; set; }

    /// <summary>The newest of each data set alone, whether it counts or waits for a decision: this is how it is found.</summary>
    [Parameter(ParameterSetName = QuerySet)]
    public SwitchParameter Latest { get; set; }

    private protected override bool BeginsWithSnapshots => true;

    protected override void ProcessRecord()
    {
        var path = RequireVaultPath();
        RunOnVault(path, (vault, gate, token) => ListAsync(vault, path, gate, token));
    }

    private async Task ListAsync(UnlockedVault vault, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        var catalog = await SnapshotCatalog.LoadAsync(vault, cancellationToken);
        catalog.ReportProblems(gate);
        foreach (var snapshot in Id is null ? Query(catalog) : Id.Select(catalog.Resolve))
        {
            cancellationToken.ThrowIfCancellationRequested();
            gate.WriteObject(CustomerBackup.From(path, snapshot));
        }
    }

    private IEnumerable<Snapshot> Query(SnapshotCatalog catalog)
    {
        var host = HostName is null ? null : WildcardPattern.Get(HostName, WildcardOptions.IgnoreCase);
        var found = SnapshotChoice.Matching(catalog.Snapshots, DataSet, Tag)
            .Where(snapshot => host is null || host.IsMatch(snapshot.HostName))
            .Where(snapshot => After is not { } after || snapshot.StartedAt.ToDateTimeOffset() >= after)
            .Where(snapshot => Before is not { } before || snapshot.StartedAt.ToDateTimeOffset() < before);
        return Latest ? found.DistinctBy(static snapshot => snapshot.DataSet, StringComparer.Ordinal) : found;
    }
}
