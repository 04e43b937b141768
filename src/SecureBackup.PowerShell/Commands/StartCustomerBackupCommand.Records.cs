using System.Management.Automation;
using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Objects of the pipeline as records.</summary>
public sealed partial class StartCustomerBackupCommand
{
    private const string RecordSet = "Record";

    private static readonly string[] ParametersOfFiles =
    [
        nameof(Exclude), nameof(Include), nameof(IgnoreFile), nameof(MaxSize), nameof(NewerThan), nameof(OlderThan), nameof(ExcludeCaches), nameof(OneFileSystem), nameof(Force),
    ];

    private RecordIntake? _intake;
    private string? _vaultAsGiven;

    /// <summary>Objects to back up, any but text, files and folders: those are paths.</summary>
    [Parameter(Mandatory = true, ParameterSetName = RecordSet, ValueFromPipeline = true)]
    [AllowNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The property that says whose an object is, as MemberId or Customer.Id: each customer's records are sealed under a key of their own.</summary>
    [Parameter(ParameterSetName = RecordSet)]
    [ValidateNotNullOrEmpty]
    public string? SubjectProperty { get; set; }

    private bool IsOfRecords => string.Equals(ParameterSetName, RecordSet, StringComparison.Ordinal);

    /// <summary>What was typed: an object with a property Vault must not choose the vault that it goes to.</summary>
    protected override void BeginProcessing() => _vaultAsGiven = Vault;

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _intake?.Dispose();
        }

        base.Dispose(disposing);
    }

    /// <summary>Files and folders are bound here too, since they are objects; without -SubjectProperty they are meant as paths.</summary>
    private void TakeObject()
    {
        if (SubjectProperty is null && PathOf(InputObject) is { } path)
        {
            RequireOneKind(_intake is null);
            _paths.AddRange(FileSystemPaths.ResolveRoots(SessionState, [path], isLiteral: true));
            return;
        }

        RequireOneKind(_paths.Count == 0);
        _ = DataSet ?? throw new RequestException(FaultCodes.RecordsNeedDataSet, "Objects have no name that their data set could be called by.");
        if (InputObject is not null)
        {
            (_intake ??= BeginIntake()).Add(InputObject);
        }
    }

    /// <summary>A million objects are not taken in before somebody finds that they have nowhere to go.</summary>
    private RecordIntake BeginIntake()
    {
        if (GivenOf(ParametersOfFiles) is [_, ..] given)
        {
            throw new RequestException(FaultCodes.ParameterOfOtherKind, $"{string.Join(", ", given)} choose among files; what came in are other objects.");
        }

        Vault = _vaultAsGiven;
        OpenLocked(RequireVaultPath()).Dispose();
        return new RecordIntake(SubjectProperty);
    }

    private static string? PathOf(PSObject? value) => value?.BaseObject switch
    {
        FileSystemInfo item => item.FullName,
        string text => text,
        _ => null,
    };

    private static void RequireOneKind(bool isSo)
    {
        if (!isSo)
        {
            throw new RequestException(FaultCodes.PathsAndRecordsMixed, "Both paths and other objects came in; a backup is of files or of records.");
        }
    }

    private void BackUpRecords()
    {
        Vault = _vaultAsGiven;
        var vaultPath = RequireVaultPath();
        GuardEngine(vaultPath, () => RecordCorridor.RequireSomething((_intake ??= new RecordIntake(SubjectProperty)).Spool));
        if (!DryRun && !ShouldProcess($"{_intake!.Spool.RecordCount:N0} records to {vaultPath}", $"Back up as data set '{DataSet}'"))
        {
            return;
        }

        var intake = _intake!;
        _intake = null;
        var options = RecordOptions(DataSet!);
        RunLong(vaultPath, (vault, gate, token) => BackUpAsync(vault, intake.Spool, vaultPath, options, gate, token), intake);
    }

    private static async Task BackUpAsync(
        UnlockedVault vault, RecordSpool spool, string vaultPath, BackupOptions options, PipelineGate gate, CancellationToken cancellationToken)
    {
        var counters = gate.ShowProgress($"Backing up {options.DataSet}");
        counters.SetTotals(spool.RecordCount, spool.ContentBytes);
        var result = await RecordCorridor.RunAsync(vault, spool, options, new RunContext(counters, gate), cancellationToken);
        var backup = CustomerBackup.From(vaultPath, result, vault.Target);
        gate.WriteVerbose($"{backup.DataSet}: {backup.RecordCount:N0} records of {backup.SubjectCount:N0} customers");
        gate.WriteObject(backup);
        gate.WriteFaults(backup.Faults);
        gate.WriteFindings(backup);
    }

    private BackupOptions RecordOptions(string dataSet) => new()
    {
        DataSet = dataSet,
        Tags = Tag,
        HostName = Environment.MachineName,
        Gates = Gates(),
        Compression = Goal,
        Roots = [new SnapshotRoot(Encoding.UTF8.GetBytes(dataSet), "(objects)", Platform())],
        Rules = SubjectProperty is null ? [] : [$"subject: {SubjectProperty}"],
    };
}
