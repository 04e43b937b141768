using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>One snapshot without the others.</summary>
internal sealed partial class CatalogLoader
{
    internal async Task<Snapshot?> TryLoadOneAsync(SnapshotId id, CancellationToken cancellationToken)
    {
        // The manifest before the removals, as in a whole catalog.
        if (await vault.Store.TryReadAsync(ObjectNames.Manifest(id), MaxRecordBytes, cancellationToken) is not { } stored)
        {
            return null;
        }

        await vault.RefreshAsync(cancellationToken);
        var snapshot = stored.Read(ReadManifest);
        var removals = await LoadRemovalsAsync(OnBroken, cancellationToken);
        removals.ForEach(record => NoteKnowledge(record.Record.Register, $"removal record {record.Header.Object}"));
        if (vault.Register.Revocations.ContainsKey(snapshot.Writer) || removals.Any(removal => removal.Record.Removed.Any(item => item.Manifest == snapshot.Reference)))
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
