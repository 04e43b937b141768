using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Records come back as the objects that they were.</summary>
public sealed partial class RestoreCustomerBackupCommand
{
    private static readonly string[] ParametersOfFiles = [nameof(Include), nameof(Overwrite), nameof(Mirror), nameof(Force), nameof(PassThru), nameof(SkipReadBack)];
    private static readonly string[] ParametersOfRecords = [nameof(Subject), nameof(Property)];

    /// <summary>Only the records of these customers.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Subject { get; set; }

    /// <summary>Which properties the objects shall have, in this order; those that a stored object lacks are null. Default: as they were stored.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string[]? Property { get; set; }

    private void RequireNone(string[] parameters, FaultCode code, string why)
    {
        if (GivenOf(parameters) is [_, ..] given)
        {
            throw new RequestException(code, $"{string.Join(", ", given)} {why}.");
        }
    }

    /// <summary>Nothing is changed by it, so nobody is asked; but what is asked of an archive is paid for.</summary>
    private void EmitRecords()
    {
        GuardEngine(null, () => RequireNone(ParametersOfFiles, FaultCodes.DestinationNotGiven, "say how files come back, and nothing says where to: neither -Destination nor -InPlace was given"));
        foreach (var (path, ids) in _requests.ByVault.Where(vault => Warm is null || ShouldProcess(vault.Vault, "Ask for what lies in an archive")))
        {
            RunLong(path, (vault, gate, token) => EmitRecordsAsync(vault.RequireReader(), ids, gate, token));
        }
    }

    private async Task EmitRecordsAsync(VaultReader reader, IReadOnlyList<string> ids, PipelineGate gate, CancellationToken cancellationToken)
    {
        var catalog = await SnapshotCatalog.LoadAsync(reader.Vault, cancellationToken);
        catalog.ReportProblems(gate);
        var snapshots = ids.Count == 0 ? [SnapshotChoice.RequireNewest(catalog, DataSet, AsOf, gate)] : ids.Select(catalog.Resolve).Distinct().ToList();
        if (snapshots.Find(static snapshot => snapshot.Kind != SnapshotKind.Records) is { } files)
        {
            throw new RequestException(FaultCodes.DestinationNotGiven, $"The snapshot {Display.ShortId(files.Id.ToString())} of {files.DataSet} holds files, and nothing says where to restore them to.");
        }

        if (WarmOptions is { } warm)
        {
            await WarmUp.RequireReadableAsync(reader.Vault.Target, await ColdPacks.OfSnapshotsAsync(reader.Vault, snapshots, cancellationToken), warm, cancellationToken);
        }

        using var browser = await RecordBrowser.OpenAsync(reader, gate, Subject is null ? RecordBrowser.WholeSnapshotReadAheadBytes : 0, cancellationToken);
        foreach (var snapshot in snapshots)
        {
            gate.WriteVerbose($"Restoring {snapshot.DataSet} of {Display.Time(snapshot.StartedAt.ToDateTimeOffset())} ({Display.ShortId(snapshot.Id.ToString())}).");
            await EmitAsync(browser, snapshot, gate, cancellationToken);
        }
    }

    private async Task EmitAsync(RecordBrowser browser, Snapshot snapshot, PipelineGate gate, CancellationToken cancellationToken)
    {
        var tally = new RecordTally();
        foreach (var subject in Subject is null ? [null] : Subject.Select(SubjectName.Of).Distinct(StringComparer.Ordinal).Cast<string?>())
        {
            var records = subject is null
                ? browser.EnumerateAsync(snapshot, tally, cancellationToken)
                : browser.EnumerateAsync(snapshot, subject, tally, cancellationToken);
            await foreach (var record in records)
            {
                gate.WriteObject(RecordObjects.Of(record.Value, Property)!);
            }
        }

        if (tally.ErasedSubjects > 0)
        {
            gate.Report(new BackupEvent(EventSeverity.Warning, $"{tally.ErasedSubjects:N0} customer(s) of this snapshot were erased; nothing of them comes back."));
        }

        gate.WriteFaults([.. tally.Faults.Select(BackupFault.From)]);
    }
}
