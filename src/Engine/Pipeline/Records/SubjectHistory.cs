using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Puts one subject's records of many snapshots together: the same record is one version, however many snapshots hold it. Snapshots come oldest first.</summary>
internal sealed class SubjectHistory
{
    private readonly List<(DataSetId DataSet, ContentHash Hash)> _order = [];
    private readonly Dictionary<(DataSetId DataSet, ContentHash Hash), RecordVersion> _versions = [];
    private readonly Dictionary<string, List<ContentHash>> _contents = new(StringComparer.Ordinal);

    internal IReadOnlyList<RecordVersion> Versions => [.. _order.Select(key => _versions[key])];

    /// <summary>Counts a content that an earlier snapshot had as well, without its being read again.</summary>
    internal bool TryRepeat(Snapshot snapshot, ListedEntry entry)
    {
        if (!_contents.TryGetValue(KeyOf(entry), out var hashes))
        {
            return false;
        }

        foreach (var hash in hashes)
        {
            Extend((snapshot.DataSetId, hash), snapshot);
        }

        return true;
    }

    internal void Add(StoredRecord record, ListedEntry entry)
    {
        var content = KeyOf(entry);
        if (!_contents.TryGetValue(content, out var hashes))
        {
            _contents.Add(content, hashes = []);
        }

        hashes.Add(record.Hash);
        var key = (record.Snapshot.DataSetId, record.Hash);
        if (_versions.TryAdd(key, new RecordVersion(record, record.Snapshot, 1)))
        {
            _order.Add(key);
        }
        else
        {
            Extend(key, record.Snapshot);
        }
    }

    /// <summary>A record that stands twice in one snapshot is in one snapshot.</summary>
    private void Extend((DataSetId DataSet, ContentHash Hash) key, Snapshot snapshot)
    {
        var version = _versions[key];
        if (version.Last.Id != snapshot.Id)
        {
            _versions[key] = version with { Last = snapshot, SnapshotCount = version.SnapshotCount + 1 };
        }
    }

    private static string KeyOf(ListedEntry entry) => $"{entry.Domain}/{entry.Content.Depth}/{string.Join(',', entry.Content.Ids)}";
}
