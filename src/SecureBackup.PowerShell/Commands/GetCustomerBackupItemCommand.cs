using System.Management.Automation;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Shows what is in a snapshot, or which snapshots hold which versions of a file.</summary>
[Cmdlet(VerbsCommon.Get, "CustomerBackupItem", DefaultParameterSetName = NewestSet)]
[OutputType(typeof(CustomerBackupItem))]
public sealed class GetCustomerBackupItemCommand : VaultCommand
{
    private const string NewestSet = "Newest";
    private const string SnapshotSet = "Snapshot";
    private const string AllSet = "All";

    private readonly VaultRequests _requests = VaultRequests.OfSnapshots();

    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    [Parameter(Mandatory = true, ParameterSetName = SnapshotSet, ValueFromPipeline = true)]
    [Alias("Id")]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNullOrEmpty]
    public SnapshotReference[] Snapshot { get; set; } = [];

    /// <summary>Search every snapshot, newest first.</summary>
    [Parameter(Mandatory = true, ParameterSetName = AllSet)]
    public SwitchParameter All { get; set; }

    [Parameter(ParameterSetName = NewestSet)]
    [Parameter(ParameterSetName = AllSet)]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    /// <summary>Also everything below the folders that match.</summary>
    [Parameter]
    public SwitchParameter Recurse { get; set; }

    protected override void ProcessRecord() => Gather(_requests, Snapshot);

    protected override void EndProcessing()
    {
        foreach (var (path, ids) in _requests.ByVault)
        {
            RunOnVault(path, (vault, gate, token) => SearchAsync(vault.RequireReader(), path, ids, gate, token));
        }
    }

    private async Task SearchAsync(
        VaultReader reader, string vaultPath, IReadOnlyList<string> ids, PipelineGate gate, CancellationToken cancellationToken)
    {
        var catalog = await SnapshotCatalog.LoadAsync(reader.Vault, cancellationToken);
        catalog.ReportProblems(gate);
        var search = new ItemSearch(Path, Recurse);
        using var browser = await SnapshotBrowser.OpenAsync(reader, gate, cancellationToken);
        foreach (var snapshot in Choose(catalog, ids, gate).ToList())
        {
            await foreach (var item in browser.EnumerateAsync(snapshot, new EntryFilter([]), search.Scope, cancellationToken))
            {
                if (search.Takes(item.Path, item.Metadata.Kind == EntryKind.Directory))
                {
                    gate.WriteObject(CustomerBackupItem.From(vaultPath, item));
                }
            }
        }

        foreach (var path in search.NotFound)
        {
            gate.WriteError(ErrorRecordFactory.From(new RequestException(FaultCodes.PathInNoSnapshot, $"No searched snapshot holds '{path}'."), path));
        }
    }

    private IEnumerable<Snapshot> Choose(SnapshotCatalog catalog, IReadOnlyList<string> ids, PipelineGate gate) => ParameterSetName switch
    {
        SnapshotSet => ids.Select(catalog.Resolve),
        AllSet => SnapshotChoice.Matching(catalog.Snapshots, DataSet, null),
        _ => [SnapshotChoice.RequireNewest(catalog, DataSet, null, gate)],
    };
}
