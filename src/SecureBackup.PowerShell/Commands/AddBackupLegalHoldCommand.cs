using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.Engine.Vault.Subjects;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Protects a snapshot, a data set or a customer from removal and erasure until the hold is released.</summary>
[Cmdlet(VerbsCommon.Add, "BackupLegalHold", SupportsShouldProcess = true, DefaultParameterSetName = DataSetSet)]
[OutputType(typeof(BackupLegalHold))]
public sealed class AddBackupLegalHoldCommand : VaultCommand
{
    private const string SnapshotSet = "Snapshot";
    private const string DataSetSet = "DataSet";
    private const string SubjectSet = "Subject";

    [Parameter(Mandatory = true, Position = 0, ParameterSetName = SnapshotSet, ValueFromPipeline = true)]
    [Alias("Id")]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNull]
    public SnapshotReference? Snapshot { get; set; }

    [Parameter(Mandatory = true, ParameterSetName = DataSetSet)]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    /// <summary>A customer, as the backed-up records name it.</summary>
    [Parameter(Mandatory = true, ParameterSetName = SubjectSet)]
    [ValidateNotNullOrEmpty]
    public string? Subject { get; set; }

    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Reason { get; set; } = string.Empty;

    /// <summary>The person or office that answers for the hold.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string Owner { get; set; } = string.Empty;

    /// <summary>The file number of the case.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Matter { get; set; }

    protected override void ProcessRecord()
    {
        var path = Vault is null && Snapshot?.Vault is { } own ? own : RequireVaultPath();
        if (ShouldProcess(path, $"Place a legal hold on the {ParameterSetName switch { SnapshotSet => $"snapshot {Snapshot}", DataSetSet => $"data set '{DataSet}'", _ => $"customer '{Subject}'" }}"))
        {
            RunOnVault(path, (vault, gate, token) => PlaceAsync(vault, path, gate, token));
        }
    }

    private async Task PlaceAsync(UnlockedVault vault, string path, PipelineGate gate, CancellationToken cancellationToken)
    {
        var (hold, append) = await LegalHolds.PlaceAsync(vault, await RequestAsync(vault, gate, cancellationToken), cancellationToken);
        gate.WriteObject(BackupLegalHold.From(path, hold, append.IsPending));
    }

    private async Task<HoldRequest> RequestAsync(UnlockedVault vault, PipelineGate gate, CancellationToken cancellationToken)
    {
        if (DataSet is not null)
        {
            var id = vault.Keys.DataSetIdOf(DataSet);
            if (!(await SnapshotCatalog.LoadAsync(vault, cancellationToken)).Snapshots.Any(snapshot => snapshot.DataSetId == id))
            {
                gate.Report(new BackupEvent(EventSeverity.Warning, $"No snapshot is of the data set '{DataSet}' so far, so the hold protects nothing that is there. Where another was meant, release it with Remove-BackupLegalHold; the name must be the same, letter by letter."));
            }

            return RequestOf(HoldScope.DataSet, id.Value, [id], DataSet);
        }

        if (Snapshot is not null)
        {
            var snapshot = (await SnapshotCatalog.LoadAsync(vault, cancellationToken)).Resolve(Snapshot.Id);
            return RequestOf(HoldScope.Snapshot, snapshot.Id.Value, [snapshot.DataSetId], snapshot.Id.ToString());
        }

        var subject = vault.Keys.PseudonymOf(Subject!);
        using var keyring = await SubjectKeyring.OpenAsync(vault.RequireReader(), cancellationToken);
        var keys = await keyring.OfSubjectAsync(subject, cancellationToken);
        foreach (var key in keys)
        {
            key.Dispose();
        }

        return keys.Count == 0
            ? throw new RequestException(FaultCodes.NoSuchSubject, $"The vault holds no key of the subject '{Subject}'.")
            : RequestOf(HoldScope.Subject, subject.Value, [.. keys.Select(static key => key.DataSet).Distinct()], scopeText: null);
    }

    private HoldRequest RequestOf(HoldScope scope, Id256 on, IReadOnlyList<DataSetId> dataSets, string? scopeText) =>
        new(scope, on, dataSets, scopeText) { Reason = Reason, Owner = Owner, Matter = Matter };
}
