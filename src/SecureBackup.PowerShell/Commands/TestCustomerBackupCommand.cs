using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Checks that snapshots can be restored, and records it in the vault.</summary>
[Cmdlet(VerbsDiagnostic.Test, "CustomerBackup", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low, DefaultParameterSetName = NewestSet)]
[OutputType(typeof(BackupTestReport))]
public sealed class TestCustomerBackupCommand : LongVaultCommand
{
    private const string NewestSet = "Newest";
    private const string SnapshotSet = "Snapshot";
    private const string AllSet = "All";

    private readonly VaultRequests _requests = VaultRequests.OfSnapshots();

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = SnapshotSet, ValueFromPipeline = true)]
    [Alias("Id")]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNullOrEmpty]
    public SnapshotReference[] Snapshot { get; set; } = [];

    /// <summary>Every snapshot, and not of each data set the newest and the newest that counts.</summary>
    [Parameter(Mandatory = true, ParameterSetName = AllSet)]
    public SwitchParameter All { get; set; }

    [Parameter(ParameterSetName = NewestSet)]
    [Parameter(ParameterSetName = AllSet)]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    /// <summary>Read the data and compare every byte; without it, only what must be there is looked for.</summary>
    [Parameter]
    public SwitchParameter ReadData { get; set; }

    /// <summary>How much of the data to read; checks go on where the last one stopped, so that they add up. Means -ReadData.</summary>
    [Parameter]
    [ValidateRange(1, 100)]
    public int? Percent { get; set; }

    protected override void ProcessRecord() => Gather(_requests, Snapshot);

    private protected override bool ReadsStore => true;

    private protected override bool BeginsWithSnapshots => true;

    private protected override void Execute()
    {
        foreach (var (path, ids) in _requests.ByVault)
        {
            if (ShouldProcess(ids.Count == 0 ? path : $"{string.Join(", ", ids.Select(Display.ShortId))} of {path}", "Verify and record the result"))
            {
                RunLong(path, (vault, gate, token) => VerifyAsync(vault.RequireReader(), path, ids, gate, token));
            }
        }
    }

    private async Task VerifyAsync(VaultReader reader, string path, IReadOnlyList<string> ids, PipelineGate gate, CancellationToken cancellationToken)
    {
        var catalog = await SnapshotCatalog.LoadAsync(reader.Vault, cancellationToken);
        catalog.ReportProblems(gate);
        var snapshots = ids.Count > 0 ? ids.Select(catalog.Resolve).Distinct().ToList() : Choose(catalog);
        foreach (var snapshot in snapshots)
        {
            try
            {
                var request = new VerifyRequest(reader, snapshot, catalog) { ReadsData = ReadData || Percent is not null, Percent = Percent ?? 100 };
                await VerifyAsync(request, path, gate, cancellationToken);
            }
            catch (BackupException exception) when (snapshots.Count > 1)
            {
                // One snapshot that cannot be checked says nothing about the others.
                gate.WriteError(ErrorRecordFactory.From(exception, snapshot.Id.ToString()));
            }
        }
    }

    private static async Task VerifyAsync(VerifyRequest request, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        var snapshot = request.Snapshot;
        var counters = gate.ShowProgress($"Verifying {snapshot.DataSet} of {Display.Time(snapshot.StartedAt.ToDateTimeOffset())}");
        var result = await VerifyCorridor.RunAsync(request, new RunContext(counters, gate), cancellationToken);
        var report = BackupTestReport.From(path, result);
        gate.WriteObject(report);
        gate.WriteFaults(report.Faults);
    }

    private List<Snapshot> Choose(SnapshotCatalog catalog)
    {
        var found = SnapshotChoice.Matching(catalog.Snapshots, DataSet, null);
        var chosen = (All ? found : SnapshotChoice.NewestAndGoodOfEach(found)).ToList();
        return chosen.Count > 0 ? chosen : throw new RequestException(FaultCodes.NoSnapshotFound, "There is no snapshot to verify.");
    }
}
