using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>One snapshot without the others.</summary>
internal sealed partial class CatalogLoader
{
    internal async Task<Snapshot?> TryLoadOneAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        // The manifest before the removals, as in a whole catalog.
        var isRefreshed = false;
        var snapshot = await SecondRead.RunAsync(vault.Target, ObjectNames.Manifest(id), async target =>
        {
            var stored = await new ObjectStore(target).TryReadAsync(ObjectNames.Manifest(id), MaxRecordBytes, cancellationToken);
            await (stored is null || isRefreshed ? Task.CompletedTask : vault.RefreshAsync(cancellationToken));
            isRefreshed = stored is not null;
            _register = vault.Register;
            return stored?.Read(ReadManifest);
        });
        if (snapshot is null)
        {
            return null;
        }

        var removals = await LoadRemovalsAsync(OnBroken, cancellationToken);
        removals.ForEach(record => NoteKnowledge(record.Record.Register, $"removal record {record.Header.Object}"));
        if (_register.Revocations.ContainsKey(snapshot.Writer) || removals.Any(removal => removal.Record.Removed.Any(item => item.Manifest == snapshot.Reference)))
        {
            return null;
        }

        foreach (var problem in _problems)
        {
            vault.Sink.Report(new BackupEvent(EventSeverity.Warning, problem.Message, problem.Code));
        }

        return snapshot;
    }
}
