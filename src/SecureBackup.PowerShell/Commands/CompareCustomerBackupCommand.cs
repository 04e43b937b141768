using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Tells what became of each path between two snapshots, or between a snapshot and the disk.</summary>
[Cmdlet(VerbsData.Compare, "CustomerBackup", DefaultParameterSetName = SnapshotsSet)]
[OutputType(typeof(BackupDifference), typeof(BackupComparison))]
public sealed class CompareCustomerBackupCommand : LongVaultCommand
{
    private const string SnapshotsSet = "Snapshots";
    private const string DiskSet = "Disk";
    private const string PathSet = "Path";

    private readonly VaultRequests _requests = VaultRequests.OfSnapshots();

    /// <summary>Two snapshots, in any order; or one, which is compared with the one before it or with the disk.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [Alias("Id")]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNullOrEmpty]
    public SnapshotReference[] Snapshot { get; set; } = [];

    [Parameter]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    /// <summary>Compare with the places that the snapshot was made from.</summary>
    [Parameter(Mandatory = true, ParameterSetName = DiskSet)]
    public SwitchParameter Disk { get; set; }

    /// <summary>Compare with these folders.</summary>
    [Parameter(Mandatory = true, ParameterSetName = PathSet)]
    [ValidateNotNullOrEmpty]
    public string[] Path { get; set; } = [];

    /// <summary>Read the files of the disk and compare every byte, and not size and attributes alone.</summary>
    [Parameter(ParameterSetName = DiskSet)]
    [Parameter(ParameterSetName = PathSet)]
    public SwitchParameter Content { get; set; }

    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Include { get; set; } = [];

    [Parameter]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Exclude { get; set; } = [];

    /// <summary>Also what is equal.</summary>
    [Parameter]
    public SwitchParameter IncludeEqual { get; set; }

    /// <summary>Only how many paths became what.</summary>
    [Parameter]
    public SwitchParameter Summary { get; set; }

    private bool IsWithDisk => Disk || Path.Length > 0;

    protected override void ProcessRecord() => Gather(_requests, Snapshot);

    private protected override void Execute()
    {
        GuardEngine(null, () => RequireFew([.. _requests.ByVault]));
        var (vaultPath, ids) = _requests.ByVault.First();
        var folders = new List<string>();
        GuardEngine(vaultPath, () => folders.AddRange(Path.Select(ResolvePath)));
        RunLong(vaultPath, (vault, gate, token) => CompareAsync(vault.RequireReader(), vaultPath, ids, folders, gate, token));
    }

    private void RequireFew(List<(string Vault, IReadOnlyList<string> Items)> asked)
    {
        if (asked.Count > 1)
        {
            throw new RequestException(FaultCodes.SnapshotsOfTwoVaults, $"The snapshots lie in {string.Join(" and ", asked.Select(static group => group.Vault))}.");
        }

        var most = IsWithDisk ? 1 : 2;
        if (asked[0].Items.Count > most)
        {
            throw new RequestException(FaultCodes.TooManySnapshots, $"{asked[0].Items.Count} snapshots were given; {(IsWithDisk ? "one is" : "two are")} compared.");
        }
    }

    private async Task CompareAsync(
        VaultReader reader, string vaultPath, IReadOnlyList<string> ids, IReadOnlyList<string> folders, PipelineGate gate, CancellationToken cancellationToken)
    {
        var catalog = await SnapshotCatalog.LoadAsync(reader.Vault, cancellationToken);
        catalog.ReportProblems(gate);
        var (before, after) = Choose(catalog, ids, gate);
        using var browser = await SnapshotBrowser.OpenAsync(reader, gate, cancellationToken);
        var faults = new List<BackupFault>();
        var comparer = new SnapshotComparer(browser, new CompareOptions
        {
            Include = Include,
            Exclude = Exclude,
            IncludesEqual = IncludeEqual,
            ReadsContent = Content,
            Counters = gate.ShowProgress($"Comparing {before.DataSet}"),
            OnFault = fault => faults.Add(BackupFault.From(fault)),
        });
        string newer;
        if (after is not null)
        {
            newer = after.Id.ToString();
            await WriteAsync(comparer.CompareAsync(before, after, cancellationToken), vaultPath, before, after, gate);
        }
        else
        {
            var options = DiskRoots.SourceOf(reader.OpenOwnerPart(before), folders, VaultPlace.FoldersOf(vaultPath));
            newer = string.Join(", ", options.Roots.Select(static root => root.Path));
            using var source = FileSystemSource.Open(options, TimeProvider.System);
            await WriteAsync(comparer.CompareAsync(before, source, cancellationToken), vaultPath, before, null, gate);
        }

        var comparison = BackupComparison.From(vaultPath, before, newer, comparer.Tally, faults);
        gate.WriteVerbose($"{before.DataSet}, {Display.ShortId(comparison.Reference)} to {(after is null ? newer : Display.ShortId(newer))}: {comparison}.");
        if (Summary)
        {
            gate.WriteObject(comparison);
        }

        gate.WriteFaults(faults);
    }

    private async Task WriteAsync(IAsyncEnumerable<EntryDifference> differences, string vaultPath, Snapshot before, Snapshot? after, PipelineGate gate)
    {
        await foreach (var difference in differences)
        {
            if (!Summary)
            {
                gate.WriteObject(BackupDifference.From(vaultPath, difference, before, after));
            }
        }
    }

    /// <summary>The older one first, whatever the order in which they were given; no second one where the disk is the newer state.</summary>
    private (Snapshot Before, Snapshot? After) Choose(SnapshotCatalog catalog, IReadOnlyList<string> ids, PipelineGate gate)
    {
        var given = ids.Select(catalog.Resolve).ToList();
        var newest = given.Count > 0 ? given.MinBy(catalog.Snapshots.IndexOf)! : SnapshotChoice.RequireNewest(catalog, DataSet, null, gate);
        if (IsWithDisk)
        {
            return (newest, null);
        }

        var older = given.Count > 1
            ? given.MaxBy(catalog.Snapshots.IndexOf)
            : catalog.Snapshots.SkipWhile(snapshot => snapshot != newest).Skip(1).FirstOrDefault(snapshot => snapshot.DataSetId == newest.DataSetId);
        return (older ?? throw new RequestException(FaultCodes.NothingToCompareWith, $"The snapshot {Display.ShortId(newest.Id.ToString())} is the oldest of '{newest.DataSet}'."), newest);
    }
}

/// <summary>Where a snapshot stands in a list, which has them newest first.</summary>
file static class SnapshotOrder
{
    public static int IndexOf(this IReadOnlyList<Snapshot> snapshots, Snapshot snapshot) =>
        snapshots.Index().First(item => item.Item.Id == snapshot.Id).Index;
}
