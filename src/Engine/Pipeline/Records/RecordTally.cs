using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>One record as a snapshot holds it.</summary>
/// <param name="Subject">Whose it is; null where its data set has no subjects.</param>
/// <param name="Number">Among the records of its entry, from 0.</param>
/// <param name="Hash">SHA-256 of the stored record: equal records of any snapshots have equal ones.</param>
/// <param name="Value">As <see cref="Records.RecordReader"/> gives it.</param>
public sealed record StoredRecord(Snapshot Snapshot, string? Subject, long Number, ContentHash Hash, object? Value);

/// <summary>One record over the years.</summary>
/// <param name="First">The record in the oldest snapshot that holds it.</param>
/// <param name="Last">The newest snapshot that holds it.</param>
public sealed record RecordVersion(StoredRecord First, Snapshot Last, int SnapshotCount);

/// <summary>What a reading of records came to.</summary>
public sealed class RecordTally
{
    private readonly List<EntryFault> _faults = [];

    public long Records { get; internal set; }

    public long Subjects { get; internal set; }

    /// <summary>Subjects of whom nothing comes back: their keys are destroyed.</summary>
    public long ErasedSubjects { get; internal set; }

    public IReadOnlyList<EntryFault> Faults => _faults;

    internal void Add(EntryFault fault) => _faults.Add(fault);
}
