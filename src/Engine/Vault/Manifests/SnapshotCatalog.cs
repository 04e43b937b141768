using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>Something wrong with one object of the chain; the rest is not affected.</summary>
/// <param name="Object">Which one, where it is one that lies on the target.</param>
public sealed record CatalogProblem(FaultCode Code, string Message, ObjectName? Object = null);

/// <summary>The last link of a writer's chain, whether its manifest is there or was removed on purpose.</summary>
public sealed record ChainEnd(ManifestReference Reference, ulong Sequence);

/// <summary>A snapshot that is gone, or cannot be judged, and that no record explains.</summary>
/// <param name="Writer">Null where none of the same writer follows it.</param>
/// <param name="Sequence">Its number in the writer's chain; 0 where that is not known.</param>
public sealed record MissingSnapshot(ManifestReference Manifest, MemberId? Writer, ulong Sequence);

/// <summary>Which snapshots are meant; null takes all.</summary>
public sealed record SnapshotQuery
{
    public string? DataSet { get; init; }

    public string? HostName { get; init; }

    /// <summary>All of them must be there.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Begun at or after.</summary>
    public DateTimeOffset? From { get; init; }

    /// <summary>Begun at or before.</summary>
    public DateTimeOffset? AsOf { get; init; }

    internal bool Takes(Snapshot snapshot) =>
        (DataSet is null || string.Equals(DataSet, snapshot.DataSet, StringComparison.Ordinal))
        && (HostName is null || string.Equals(HostName, snapshot.HostName, StringComparison.OrdinalIgnoreCase))
        && Tags.All(tag => snapshot.Tags.Contains(tag, StringComparer.Ordinal))
        && (From is not { } from || snapshot.StartedAt.ToDateTimeOffset() >= from)
        && (AsOf is not { } asOf || snapshot.StartedAt.ToDateTimeOffset() <= asOf);
}

/// <summary>All snapshots that were accepted when it was loaded, and what was wrong.</summary>
public sealed class SnapshotCatalog
{
    private static readonly TimeSpan ComparedFor = TimeSpan.FromDays(92);

    private readonly ILookup<MemberId, ChainEnd> _links;
    private readonly IReadOnlyList<ManifestReference> _heads;
    private readonly IReadOnlyList<RemovedSnapshot> _removed;
    private readonly ILookup<ManifestReference, VerificationFinding> _findings;

    internal SnapshotCatalog(CatalogContent content)
    {
        Snapshots = content.Snapshots;
        Problems = content.Problems;
        Missing = content.Missing;
        Removals = content.Removals;
        Leftovers = content.Leftovers;
        Records = content.Records;
        OfRevoked = content.OfRevoked;
        _heads = content.Heads;
        _removed = content.Removed;
        _findings = content.Findings;
        _links = content.Snapshots.Select(static snapshot => (snapshot.Writer, Link: new ChainEnd(snapshot.Reference, snapshot.Sequence)))
            .Concat(content.Removed.Select(static removed => (removed.Writer, Link: new ChainEnd(removed.Manifest, removed.Sequence))))
            .ToLookup(static pair => pair.Writer, static pair => pair.Link);
    }

    /// <summary>Newest first: by the writers' claimed times, but never a snapshot above one that was made in knowledge of it.</summary>
    public IReadOnlyList<Snapshot> Snapshots { get; }

    /// <summary>What was left out, is missing, or points to a vault put back in time. One poisoned object never blocks the rest.</summary>
    public IReadOnlyList<CatalogProblem> Problems { get; }

    /// <summary>Those that others name and that are not there, though nobody removed them.</summary>
    public IReadOnlyList<MissingSnapshot> Missing { get; }

    /// <summary>What removal records name, whether or not the manifests are still there.</summary>
    internal IReadOnlyList<RemovedSnapshot> Removed => _removed;

    /// <summary>Every removal record, as it lies on the target.</summary>
    internal IReadOnlyList<StoredRecord<RemovalRecord>> Removals { get; }

    /// <summary>
    /// Snapshots that would count if no record said that they are removed, and that lie there still: somebody was interrupted, or is about to delete them or to take the record back.
    /// </summary>
    internal IReadOnlyList<Snapshot> Leftovers { get; }

    /// <summary>What was removed by records that nobody takes back any more.</summary>
    /// <param name="settledBefore">By the store's clock.</param>
    internal HashSet<SnapshotId> SettledRemovals(DateTimeOffset settledBefore) =>
        [.. Removals.Where(record => record.StoreTime <= settledBefore).SelectMany(static record => record.Record.Removed).Select(static item => item.Manifest.Id)];

    /// <summary>The records about a manifest that are of no use without it.</summary>
    internal ILookup<ManifestReference, ObjectName> Records { get; }

    /// <summary>
    /// Verification and approval records that revoked members alone have signed, each under the name that it gives itself: nobody is revoked for a time, so they never count again. What somebody
    /// copied to another name, or only says to be of such a member, is not among them.
    /// </summary>
    internal IReadOnlyList<ObjectName> OfRevoked { get; }

    /// <summary>Reads and judges everything under <c>snapshots/</c>, <c>removals/</c>, <c>verifications/</c> and <c>approvals/</c>, and remembers on this host what is there.</summary>
    public static async Task<SnapshotCatalog> LoadAsync(UnlockedVault vault, CancellationToken cancellationToken) =>
        new(await new CatalogLoader(vault).LoadAsync(cancellationToken));

    /// <summary>
    /// One snapshot by its whole id, without reading the others: its own signature, right, place and removal are judged as in a catalog. Null where that needs the others:
    /// there is none of that id, it was removed, or its writer was revoked and the chain must say whether it still counts.
    /// </summary>
    /// <exception cref="IntegrityException">The manifest is not what it should be.</exception>
    public static Task<Snapshot?> TryFindAsync(UnlockedVault vault, SnapshotId id, CancellationToken cancellationToken) =>
        new CatalogLoader(vault).TryLoadOneAsync(id, cancellationToken);

    public IEnumerable<Snapshot> Select(SnapshotQuery query) => Snapshots.Where(query.Takes);

    /// <param name="idPrefix">The first digits of a snapshot id, or all of them.</param>
    /// <exception cref="VaultException">NoSuchSnapshot, AmbiguousSnapshot.</exception>
    public Snapshot Resolve(string idPrefix)
    {
        var found = Snapshots.Where(snapshot => idPrefix.Length > 0 && snapshot.Id.ToString().StartsWith(idPrefix, StringComparison.OrdinalIgnoreCase)).Take(2).ToList();
        return found.Count switch
        {
            0 => throw new VaultException(FaultCodes.NoSuchSnapshot, $"No snapshot has an id that starts with '{idPrefix}'."),
            1 => found[0],
            _ => throw new VaultException(FaultCodes.AmbiguousSnapshot, $"More than one snapshot has an id that starts with '{idPrefix}'."),
        };
    }

    /// <summary>
    /// The newest check that read data of any snapshot of a data set: the next goes on from its last place. The checking order is the same for all snapshots, so that a
    /// share each night adds up although each night has a new snapshot.
    /// </summary>
    public VerificationFinding? LastReadingOf(DataSetId dataSet) => Snapshots
        .Where(snapshot => snapshot.DataSetId == dataSet)
        .SelectMany(snapshot => _findings[snapshot.Reference])
        .Where(static finding => finding.Depth == VerificationDepth.EveryByte)
        .MaxBy(static finding => finding.Time);

    /// <summary>What a new backup of a data set is compared with: the newest that counts, by the same writer, or by an earlier key of the same host.</summary>
    public Snapshot? LastGoodOf(DataSetId dataSet, MemberId writer, string hostName) => GoodOnesOf(dataSet, writer, hostName).FirstOrDefault();

    /// <summary>
    /// The newest that counts and those of its writer before it, newest first: not more than three months, and none from before what a person approved last. So what changes a little every day is
    /// compared with what it was, too.
    /// </summary>
    internal IEnumerable<Snapshot> GoodOnesOf(DataSetId dataSet, MemberId writer, string hostName)
    {
        var good = Snapshots.Where(snapshot => snapshot.DataSetId == dataSet && snapshot.Standing == Retention.SnapshotStanding.Good).ToList();
        var last = good.Find(snapshot => snapshot.Writer == writer) ?? good.Find(snapshot => string.Equals(snapshot.HostName, hostName, StringComparison.OrdinalIgnoreCase));
        foreach (var snapshot in good.Where(snapshot => last is not null && snapshot.Writer == last.Writer && last.StoreTime - snapshot.StoreTime <= ComparedFor))
        {
            yield return snapshot;
            if (snapshot.Decision is not null)
            {
                yield break;
            }
        }
    }

    public void ReportProblems(IEngineSink sink)
    {
        foreach (var problem in Problems)
        {
            sink.Report(new BackupEvent(EventSeverity.Warning, problem.Message, problem.Code));
        }
    }

    /// <summary>What a writer's next manifest follows; null before its first. One that has taken the last number is followed by nothing.</summary>
    internal ChainEnd? LastOf(MemberId writer) => _links[writer].Where(static link => link.Sequence < ManifestCodec.MaxSequence).MaxBy(static link => (link.Sequence, link.Reference.Id.Value));

    /// <summary>What a missing snapshot followed, if that can be told.</summary>
    internal ManifestReference? BeforeMissing(MissingSnapshot missing) =>
        missing is { Writer: { } writer, Sequence: > 0 } && _links[writer].Where(link => link.Sequence == missing.Sequence - 1).DistinctBy(static link => link.Reference).Take(2).ToList() is [var only] ? only.Reference : null;

    /// <summary>The links of a writer's chain that no further one of its own follows: what a revocation names, so that all of them stay valid.</summary>
    internal IReadOnlyList<ManifestReference> EndsOf(MemberId writer)
    {
        var followed = Snapshots.Where(snapshot => snapshot.Writer == writer).Select(static snapshot => snapshot.Body.Previous)
            .Concat(_removed.Where(removed => removed.Writer == writer && removed.Sequence > 0).Select(static removed => removed.Predecessors.Cast<ManifestReference?>().FirstOrDefault()))
            .ToHashSet();
        return [.. _links[writer].Select(static link => link.Reference).Distinct().Where(reference => !followed.Contains(reference))];
    }

    /// <summary>The ends of all chains, but for the writer's own: as many as a manifest is to name. A later one names what this one has no room for.</summary>
    internal IReadOnlyList<ManifestReference> HeadsBeside(ManifestReference? own) => [.. _heads.Where(head => head != own).Take(ManifestCodec.HeadsNamed)];
}

/// <summary>What loading found.</summary>
internal sealed record CatalogContent
{
    public required IReadOnlyList<Snapshot> Snapshots { get; init; }

    /// <summary>Each once, whatever how many records name it.</summary>
    public required IReadOnlyList<RemovedSnapshot> Removed { get; init; }

    public required IReadOnlyList<StoredRecord<RemovalRecord>> Removals { get; init; }

    public required IReadOnlyList<Snapshot> Leftovers { get; init; }

    public required ILookup<ManifestReference, ObjectName> Records { get; init; }

    public IReadOnlyList<ObjectName> OfRevoked { get; init; } = [];

    /// <summary>In the order in which they are named where there is room for few.</summary>
    public required IReadOnlyList<ManifestReference> Heads { get; init; }

    public required ILookup<ManifestReference, VerificationFinding> Findings { get; init; }

    public required IReadOnlyList<MissingSnapshot> Missing { get; init; }

    public required IReadOnlyList<CatalogProblem> Problems { get; init; }
}

/// <summary>A record and where it lies.</summary>
internal sealed record StoredRecord<T>(ObjectName Name, ObjectHeader Header, long LengthBytes, DateTimeOffset StoreTime, T Record);
