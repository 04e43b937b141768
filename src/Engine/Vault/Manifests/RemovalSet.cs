using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>All removal records that a look at the target showed, and what they say together.</summary>
internal sealed class RemovalSet
{
    internal RemovalSet(List<StoredRecord<RemovalRecord>> records)
    {
        Records = records;
        Removed = [.. records.SelectMany(static record => record.Record.Removed).DistinctBy(static item => item.Manifest)];
        Manifests = Removed.Select(static item => item.Manifest).ToHashSet();
        Names = Removed.Select(static item => ObjectNames.Manifest(item.Manifest.Id)).ToHashSet();
    }

    internal List<StoredRecord<RemovalRecord>> Records { get; }

    /// <summary>Each snapshot once, however many records name it.</summary>
    internal List<RemovedSnapshot> Removed { get; }

    internal IReadOnlySet<ManifestReference> Manifests { get; }

    internal IReadOnlySet<ObjectName> Names { get; }

    internal IReadOnlyList<ManifestReference> Predecessors => [.. Removed.SelectMany(static item => item.Predecessors)];

    internal RemovalSet With(IEnumerable<StoredRecord<RemovalRecord>> others) => new([.. Records.Concat(others).DistinctBy(static record => record.Name)]);

    /// <summary>Whether something is named that is neither found nor removed.</summary>
    internal bool Lacks(IReadOnlyList<Snapshot> found, IEnumerable<ManifestReference> known)
    {
        var present = found.Select(static snapshot => snapshot.Reference).ToHashSet();
        return known.Concat(found.SelectMany(static snapshot => snapshot.Body.Predecessors)).Concat(Predecessors).Any(named => !present.Contains(named) && !Manifests.Contains(named));
    }
}
