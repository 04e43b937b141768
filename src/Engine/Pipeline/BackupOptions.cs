using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What a backup is to be called, and how it is taken.</summary>
public sealed record BackupOptions
{
    public required string DataSet { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public required string HostName { get; init; }

    /// <summary>Where each root of the snapshot came from, for people.</summary>
    public IReadOnlyList<SnapshotRoot> Roots { get; init; } = [];

    /// <summary>The rules in force, for people.</summary>
    public IReadOnlyList<string> Rules { get; init; } = [];

    /// <summary>The user's word that size and modification time tell enough where the file system has no change time or file id to trust.</summary>
    public bool TrustsMissingChangeTime { get; init; }

    /// <summary>What makes the snapshot suspect.</summary>
    public ContentGates Gates { get; init; } = ContentGates.Default;

    public CompressionGoal Compression { get; init; }

    /// <summary>Read every file, as if the host had no listing of the last run.</summary>
    public bool ReadsEverything { get; init; }
}

/// <summary>What a backup did.</summary>
public sealed record BackupResult
{
    public required Snapshot Snapshot { get; init; }

    public required SnapshotOutcome Outcome { get; init; }

    public required IReadOnlyList<SourceFault> Faults { get; init; }

    public required long FilesNew { get; init; }

    public required long FilesChanged { get; init; }

    public required long FilesUnchanged { get; init; }

    /// <summary>Bytes that were read from the source.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Bytes of packs that this run stored.</summary>
    public required long BytesStored { get; init; }

    public required long ChunksNew { get; init; }

    public required long ChunksKnown { get; init; }

    /// <summary>Packs of an interrupted run that this one took over instead of storing their content again.</summary>
    public required long PacksAdopted { get; init; }

    /// <summary>What the target was asked, from the opening of the vault on where it was opened for this run.</summary>
    public TargetTraffic Traffic { get; init; } = TargetTraffic.None;

    public required TimeSpan Elapsed { get; init; }
}
