using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Completion;

/// <summary>Ids of snapshots, newest first, each with what it is as tool tip.</summary>
public sealed class SnapshotCompleter : VaultCompleter
{
    private protected override IEnumerable<CompletionResult> Offer(SnapshotCatalog catalog, WildcardPattern pattern) =>
        from snapshot in catalog.Snapshots
        let id = snapshot.Id.ToString()
        where pattern.IsMatch(id)
        let time = Display.Time(snapshot.StartedAt.ToDateTimeOffset())
        select new CompletionResult(
            Display.ShortId(id),
            $"{Display.ShortId(id)}  {time}  {snapshot.DataSet}",
            CompletionResultType.ParameterValue,
            $"{snapshot.DataSet}, {time}, {snapshot.FileCount} files, {Display.Size(snapshot.ContentBytes)}, {snapshot.Outcome}");
}

/// <summary>Names of the data sets in the vault.</summary>
public sealed class DataSetCompleter : VaultCompleter
{
    private protected override IEnumerable<CompletionResult> Offer(SnapshotCatalog catalog, WildcardPattern pattern) =>
        from dataSet in catalog.Snapshots.GroupBy(snapshot => snapshot.DataSet, StringComparer.Ordinal).OrderBy(named => named.Key, StringComparer.Ordinal)
        where pattern.IsMatch(dataSet.Key)
        select Quoted(dataSet.Key, $"{dataSet.Count()} snapshots, the newest of {Display.Time(dataSet.Max(snapshot => snapshot.StartedAt).ToDateTimeOffset())}");
}

/// <summary>Tags that snapshots in the vault carry.</summary>
public sealed class TagCompleter : VaultCompleter
{
    private protected override IEnumerable<CompletionResult> Offer(SnapshotCatalog catalog, WildcardPattern pattern) =>
        from tagged in catalog.Snapshots.SelectMany(snapshot => snapshot.Tags).GroupBy(tag => tag, StringComparer.Ordinal).OrderBy(named => named.Key, StringComparer.Ordinal)
        where pattern.IsMatch(tagged.Key)
        select Quoted(tagged.Key, $"{tagged.Count()} snapshots");
}
