using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>How far a collection goes.</summary>
public sealed record CollectOptions
{
    public static CollectOptions Default { get; } = new();

    /// <summary>What is begun is finished, nothing new is begun after this; the next call goes on. Null: until all that is due is done.</summary>
    public TimeSpan? TimeLimit { get; init; }

    /// <summary>Packs with a greater share of unused bytes are rewritten; null: none is.</summary>
    public int? MaxUnusedPercent { get; init; }

    /// <exception cref="RequestException">CollectionOutOfRange.</exception>
    internal void Require()
    {
        if (TimeLimit <= TimeSpan.Zero || MaxUnusedPercent is < 0 or > 99)
        {
            throw new RequestException(FaultCodes.CollectionOutOfRange, TimeLimit is { } limit && limit <= TimeSpan.Zero ? $"A collection cannot end after {limit}." : $"{MaxUnusedPercent} percent unused is no limit of a collection.");
        }
    }
}

/// <summary>What a collection did, or would do.</summary>
public sealed record CollectResult
{
    /// <summary>Of all packs on the target.</summary>
    public long BytesBefore { get; init; }

    public long BytesAfter { get; init; }

    /// <summary>Packs that were marked now, and are deleted after the grace time if nothing needs them then.</summary>
    public long PacksCondemned { get; init; }

    public long BytesCondemned { get; init; }

    public long PacksDeleted { get; init; }

    public long BytesDeleted { get; init; }

    /// <summary>Packs that had been marked, and that a snapshot needs now: they stay.</summary>
    public long PacksLifted { get; init; }

    /// <summary>Packs that were chosen to be rewritten, once they have waited.</summary>
    public long PacksChosen { get; init; }

    public long BytesChosen { get; init; }

    /// <summary>Packs that were left for another time, since the store would be paid for them up to the end of its least storage time whether they are there or not.</summary>
    public long PacksTooYoung { get; init; }

    /// <summary>Packs that are rewritten without what nothing needs; they are deleted by a later collection.</summary>
    public long PacksCompacted { get; init; }

    /// <summary>Bytes of the packs that took over what was needed in them.</summary>
    public long BytesRewritten { get; init; }

    /// <summary>Index segments that were joined into fewer.</summary>
    public long SegmentsMerged { get; init; }

    /// <summary>Small objects that nothing needs any more: sessions, pages, superseded segments, records and markers.</summary>
    public long ObjectsTidied { get; init; }

    /// <summary>Of what was to be deleted, what the store did not give up: locked, or not this account's to delete. A later call tries again.</summary>
    public long ObjectsKept { get; init; }

    /// <summary>Subjects whose erasure was interrupted, or deferred by a legal hold that stands no more.</summary>
    public long SubjectsErased { get; init; }

    /// <summary>What became of each of them, and who waits for the signatures of other owners; empty in a plan.</summary>
    public IReadOnlyList<ErasureOutcome> Erasures { get; init; } = [];

    /// <summary>Keys of subjects that backups added and the keyring took in.</summary>
    public long SubjectKeysFolded { get; init; }

    /// <summary>Objects of the keyring that nothing reached any more.</summary>
    public long KeyringObjectsDeleted { get; init; }

    /// <summary>When the next step is due, by the store's clock, as far as is known now; null when nothing waits.</summary>
    public DateTimeOffset? NextDue { get; init; }

    /// <summary>Whether the time limit ended it before all that is due was done.</summary>
    public bool HasMoreToDo { get; init; }

    /// <inheritdoc cref="BackupResult.Traffic"/>
    public TargetTraffic Traffic { get; init; } = TargetTraffic.None;

    public TimeSpan Elapsed { get; init; }
}
