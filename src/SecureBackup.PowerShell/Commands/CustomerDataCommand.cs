using System.Management.Automation;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>A cmdlet about what backups hold of single customers.</summary>
public abstract class CustomerDataCommand : LongVaultCommand
{
    /// <summary>The customer, as the property says that the records were backed up by.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNullOrEmpty]
    public string[] Subject { get; set; } = [];

    [Parameter]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string? DataSet { get; set; }

    /// <summary>The snapshots of records that are meant, newest first. Packages that have expired are deleted by the way.</summary>
    private protected async Task<IReadOnlyList<Snapshot>> SnapshotsAsync(UnlockedVault vault, PipelineGate gate, CancellationToken cancellationToken)
    {
        foreach (var path in await new ExportRegistry(vault).RemoveExpiredAsync(cancellationToken))
        {
            gate.Report(new BackupEvent(EventSeverity.Information, $"The expired package at {path} was deleted."));
        }

        var catalog = await SnapshotCatalog.LoadAsync(vault, cancellationToken);
        catalog.ReportProblems(gate);
        return [.. SnapshotChoice.Matching(catalog.Snapshots, DataSet, null).Where(static snapshot => snapshot.Kind == SnapshotKind.Records)];
    }

    private protected static RequestException Nothing(string subject) =>
        new(FaultCodes.SubjectHasNoData, $"The backups hold nothing of '{subject}' that could be opened.");
}
