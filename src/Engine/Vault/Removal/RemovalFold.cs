using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// Makes one removal record of many, so that loading a vault after thousands of removals reads a handful. The successor repeats its predecessors whole and is stored before any of them goes: a
/// crash leaves some that say the same twice.
/// </summary>
internal static class RemovalFold
{
    /// <summary>Fewer are left alone.</summary>
    internal const int MinRecords = 16;

    /// <summary>About 4,000 removals. One that is as large is never repeated again, so that a fold writes little.</summary>
    private const long FullBytes = 1024 * 1024;

    /// <summary>Half of what a signed object may hold, since reasons may be long.</summary>
    private const long MaxBytes = 8 * 1024 * 1024;

    /// <returns>How many records were folded.</returns>
    internal static async Task<int> RunAsync(UnlockedVault vault, IReadOnlyList<StoredRecord<RemovalRecord>> settled, CancellationToken cancellationToken)
    {
        var repeated = RepeatedIn(settled);
        var kept = await KeptObjects.DeleteAsync(vault, [.. repeated.Select(static record => record.Name)], cancellationToken);
        return repeated.Count - kept.Count + await FoldAsync(vault, settled.Except(repeated), cancellationToken);
    }

    /// <summary>What an interrupted fold had still to delete: records which another one names and repeats whole.</summary>
    private static List<StoredRecord<RemovalRecord>> RepeatedIn(IReadOnlyList<StoredRecord<RemovalRecord>> settled)
    {
        var byId = settled.ToDictionary(static record => record.Header.Object);
        return
        [
            .. settled.SelectMany(successor => successor.Record.Repeats
                    .Where(id => id != successor.Header.Object && byId.ContainsKey(id))
                    .Select(id => byId[id])
                    .Where(record => record.Record.Removed.Select(static removed => removed.Manifest).ToHashSet().IsSubsetOf(successor.Record.Removed.Select(static removed => removed.Manifest))))
                .Distinct(),
        ];
    }

    private static async Task<int> FoldAsync(UnlockedVault vault, IEnumerable<StoredRecord<RemovalRecord>> settled, CancellationToken cancellationToken)
    {
        var removed = new Dictionary<ManifestReference, (RemovedSnapshot Removed, string Reason)>();
        var folded = new List<StoredRecord<RemovalRecord>>();
        var bytes = 0L;
        foreach (var record in settled.Where(static record => record.LengthBytes < FullBytes))
        {
            if ((bytes += record.LengthBytes) > MaxBytes || TryOpenReasons(vault, record) is not { } reasons)
            {
                continue;
            }

            folded.Add(record);
            foreach (var (item, reason) in record.Record.Removed.Zip(reasons))
            {
                removed[item.Manifest] = (item, reason);
            }
        }

        if (folded.Count < MinRecords)
        {
            return 0;
        }

        await RemovalRecord.WriteAsync(
            vault,
            [.. removed.Values.Select(static pair => pair.Removed)],
            [.. removed.Values.Select(static pair => pair.Reason)],
            [.. folded.Select(static record => record.Header.Object)],
            cancellationToken);
        await KeptObjects.DeleteAsync(vault, [.. folded.Select(static record => record.Name)], cancellationToken);
        return folded.Count;
    }

    /// <summary>Null where this member cannot read them; such a record stays as it is.</summary>
    internal static string[]? TryOpenReasons(UnlockedVault vault, StoredRecord<RemovalRecord> record)
    {
        try
        {
            return record.Record.OpenReasons(vault, record.Header);
        }
        catch (BackupException)
        {
            return null;
        }
    }
}
