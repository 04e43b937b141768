using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Vault.Holds;

/// <summary>
/// The one place that says what a legal hold forbids. Retention, collection and erasure all ask here, so that none of them is a way around. Judged by the
/// register alone: who cannot open the keyring gets the same answer.
/// </summary>
public sealed class HoldGuard(RegisterState register)
{
    /// <summary>The holds that keep a snapshot; empty where it may be removed.</summary>
    public IReadOnlyList<HoldPlaced> On(SnapshotId snapshot, DataSetId dataSet) => [.. register.Holds.Values.Where(hold => hold.Scope switch
    {
        HoldScope.Snapshot => hold.On == snapshot.Value,
        HoldScope.DataSet => hold.On == dataSet.Value,
        _ => hold.DataSets.Contains(dataSet),
    }).OrderBy(static hold => hold.Id.Value)];

    /// <summary>The holds that may keep a snapshot of which nothing is known but its id: it may be of any data set.</summary>
    public IReadOnlyList<HoldPlaced> OnUnknown(SnapshotId snapshot) =>
        [.. register.Holds.Values.Where(hold => hold.Scope == HoldScope.Snapshot ? hold.On == snapshot.Value : hold.Scope == HoldScope.DataSet || hold.DataSets.Count > 0).OrderBy(static hold => hold.Id.Value)];

    /// <summary>
    /// The holds that defer the erasure of a subject's keys for a data set; empty where they may be destroyed. A held snapshot needs the keys of all its
    /// subjects, and which they are is known inside it alone: so it holds those of its data set.
    /// </summary>
    public IReadOnlyList<HoldPlaced> AgainstErasure(SubjectPseudonym subject, DataSetId dataSet) => [.. register.Holds.Values.Where(hold => hold.Scope == HoldScope.Subject
        ? hold.On == subject.Value
        : hold.DataSets.Contains(dataSet)).OrderBy(static hold => hold.Id.Value)];

    /// <summary>The holds that an entry of the ledger does not heed, because they were placed after it was written; empty where it may be put into force.</summary>
    internal IReadOnlyList<HoldPlaced> AgainstEntry(LedgerRecord record) => record.State != LedgerState.Erased ? [] : [.. register.Holds.Values.Where(hold => hold.Scope == HoldScope.Subject
        ? record.Subjects.Any(subject => subject.Value == hold.On)
        : hold.DataSets.Any(dataSet => record.Means(dataSet) && !record.Spared.Contains(dataSet))).OrderBy(static hold => hold.Id.Value)];
}
