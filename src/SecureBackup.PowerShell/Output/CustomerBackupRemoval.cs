using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>What became of a snapshot that Remove-CustomerBackup looked at.</summary>
public enum RemovalAction
{
    /// <summary>It stays, for the reasons given.</summary>
    Kept,

    Removed,

    /// <summary>With -WhatIf: it would be removed.</summary>
    WouldRemove,
}

/// <summary>A snapshot that Remove-CustomerBackup looked at, and why it stays or goes.</summary>
public sealed class CustomerBackupRemoval
{
    private CustomerBackupRemoval(string vault, Snapshot snapshot, RemovalAction action, IReadOnlyList<string> reasons)
    {
        Vault = vault;
        Snapshot = snapshot.Id.ToString();
        DataSet = snapshot.DataSet;
        HostName = snapshot.HostName;
        Started = snapshot.StartedAt.ToDateTimeOffset().ToLocalTime();
        SizeBytes = snapshot.ContentBytes;
        Action = action;
        Reasons = reasons;
    }

    private CustomerBackupRemoval(string vault, MissingSnapshot missing, RemovalAction action)
    {
        Vault = vault;
        Snapshot = missing.Manifest.Id.ToString();
        DataSet = HostName = string.Empty;
        Action = action;
        Reasons = ["it is missing, or cannot be judged"];
    }

    public string Snapshot { get; }

    public string Vault { get; }

    public string DataSet { get; }

    public string HostName { get; }

    /// <summary>Null where the snapshot is missing.</summary>
    public DateTimeOffset? Started { get; }

    public long SizeBytes { get; }

    public RemovalAction Action { get; }

    /// <summary>Why it stays; or, of one that goes, why it may.</summary>
    public IReadOnlyList<string> Reasons { get; }

    public override string ToString() => $"{Action} {Display.ShortId(Snapshot)} of {DataSet}: {string.Join("; ", Reasons)}";

    /// <summary>What stays, with all that keeps it.</summary>
    internal static CustomerBackupRemoval Kept(string vault, PlannedRemoval removal) =>
        new(vault, removal.Snapshot, RemovalAction.Kept, [.. removal.Planned.Reasons.Select(static reason => reason.Text)]);

    internal static CustomerBackupRemoval Of(string vault, PlannedRemoval removal, RemovalAction action, string reason) => new(vault, removal.Snapshot, action, [reason]);

    internal static CustomerBackupRemoval Lost(string vault, MissingSnapshot missing, RemovalAction action) => new(vault, missing, action);
}
