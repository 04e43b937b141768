using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;

namespace SecureBackup.PowerShell.Output;

/// <summary>A record of a customer as backups hold it.</summary>
public sealed class CustomerRecord
{
    private CustomerRecord(string vault, StoredRecord record, Snapshot last, int count)
    {
        Vault = vault;
        Subject = record.Subject ?? string.Empty;
        DataSet = record.Snapshot.DataSet;
        Snapshot = record.Snapshot.Id.ToString();
        Time = record.Snapshot.StartedAt.ToDateTimeOffset().ToLocalTime();
        LastSnapshot = last.Id.ToString();
        LastTime = last.StartedAt.ToDateTimeOffset().ToLocalTime();
        SnapshotCount = count;
        Number = record.Number;
        Hash = record.Hash.ToString();
        Record = RecordObjects.Of(record.Value);
    }

    public string Vault { get; }

    public string Subject { get; }

    public string DataSet { get; }

    /// <summary>The oldest snapshot that holds this version.</summary>
    public string Snapshot { get; }

    public DateTimeOffset Time { get; }

    /// <summary>The newest snapshot that holds this version.</summary>
    public string LastSnapshot { get; }

    public DateTimeOffset LastTime { get; }

    public int SnapshotCount { get; }

    /// <summary>Among the customer's records in that snapshot, from 0.</summary>
    public long Number { get; }

    /// <summary>Equal records have equal hashes.</summary>
    public string Hash { get; }

    /// <summary>The object as it was backed up.</summary>
    public object? Record { get; }

    public override string ToString() => $"{Subject} in {DataSet}";

    internal static CustomerRecord From(string vault, RecordVersion version) => new(vault, version.First, version.Last, version.SnapshotCount);

    internal static CustomerRecord From(string vault, StoredRecord record) => new(vault, record, record.Snapshot, 1);
}
