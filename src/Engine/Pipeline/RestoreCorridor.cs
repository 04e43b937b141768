using System.Diagnostics;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Brings a snapshot back: read the manifest's owner part, walk the listing, plan by pack, fetch ranges, open, write, set attributes. Wiring only.
/// What concerns one entry is a fault in the result; damage never costs more than the entries that use what is damaged.
/// </summary>
public static partial class RestoreCorridor
{
    /// <exception cref="DestinationException">The destination refuses altogether; what is complete stays.</exception>
    public static async Task<RestoreResult> RunAsync(
        RestoreRequest request, IDestination destination, RunContext context, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var (vault, snapshot) = (request.Vault, request.Snapshot);
        snapshot.RequireFiles();
        var owner = vault.OpenOwnerPart(snapshot);
        using var index = await ChunkIndexLoader.OpenForReadingAsync(vault.Vault, snapshot, context.Sink, cancellationToken);
        using var fetcher = new ChunkFetcher(vault, index);
        if (request is { Room: { } room, IgnoresRoom: false })
        {
            await RestoreForecaster.RequireRoomAsync(request, room, fetcher, cancellationToken);
        }

        using var journal = request.KeepsJournal ? RestoreJournal.Open(vault.Vault, snapshot, destination.DisplayName) : null;
        var result = new RestoreTally(context.Counters, request.OnEntry);
        var listing = new ListingReader(owner.ListingRoot, fetcher, (page, damage) => result.Add(LostPage(page, damage)));
        var parts = new RestoreParts(vault, index, listing, destination, result)
        {
            Filter = new EntryFilter(request.Include),
            Counters = context.Counters,
            Comparer = ComparerOf(vault.Vault, destination, fetcher),
            ReadsBack = request.ReadsBack,
            Journal = journal,
            DefersWhatIsInTheWay = request.Mirror is not null,
            BatchBytes = RestoreBatch.WrittenWithin(request.Room?.Spaces().Min(static space => space.FreeBytes) ?? long.MaxValue),
        };
        if (parts.Filter.TakesAll)
        {
            context.Counters.SetTotals((long)snapshot.FileCount, (long)snapshot.ContentBytes);
        }

        var scope = request.Mirror is { } mirror ? await MirrorScope.OpenAsync(snapshot, owner, mirror, fetcher, cancellationToken) : null;
        using var chunks = new RestoreFetcher(parts, fetcher);
        var planner = new RestorePlanner(parts, chunks);
        await planner.RunAsync(cancellationToken);
        if (result.Entries == 0 && result.Faults.Count == 0 && !parts.Filter.TakesAll)
        {
            throw NothingMatches(request);
        }

        if (scope is not null)
        {
            await MirrorAsync(scope, parts, planner, context, cancellationToken);
        }

        WarnOfLinks(result.LinksOutside, context.Sink);
        await destination.FlushAsync(cancellationToken);
        journal?.Forget();
        return result.ToResult(snapshot, clock.Elapsed) with { Traffic = vault.Vault.TakeTraffic() };
    }

    internal static RequestException NothingMatches(RestoreRequest request) => new(
        FaultCodes.NothingMatches, $"Nothing in snapshot {request.Snapshot.Id} matches {string.Join(", ", request.Include.Select(pattern => $"'{pattern}'"))}.");

    /// <summary>A chunker that this version does not know stops no restore: cut by another one, less of what stands there is found to be right, and the rest is fetched.</summary>
    private static StandingComparer ComparerOf(UnlockedVault vault, IDestination destination, ChunkFetcher fetcher)
    {
        var name = vault.Register.Parameters.ChunkerName;
        return new(destination, ChunkerCatalog.Create(ChunkerCatalog.Knows(name) ? name : ChunkerCatalog.Default, vault.Keys.Chunker.Bytes), vault.Keys.ChunkId, fetcher);
    }

    /// <summary>One word for all of them: an ordinary system tree has hundreds.</summary>
    private static void WarnOfLinks(IReadOnlyList<EntryFault> links, IEngineSink sink)
    {
        if (links.Count > 0)
        {
            sink.Report(new BackupEvent(
                EventSeverity.Warning, $"{links.Count} symbolic link(s) point out of the destination; look where they lead before anything follows them. The first: {links[0].Message}", FaultCodes.LinkPointsOutside));
        }
    }

    internal static EntryFault LostPage(PageReference? page, BackupException damage) =>
        EntryFault.Of(page is null ? "(the whole snapshot)" : $"{page.First} … {page.Last}", damage);
}

/// <summary>What to bring back.</summary>
public sealed record RestoreRequest(VaultReader Vault, Snapshot Snapshot)
{
    /// <summary>Patterns as of <see cref="EntryFilter"/>; empty for everything.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Where the restore goes, to refuse one that cannot fit, and to take little room at a time where there is little; null to find out on the way.</summary>
    public DestinationForecast? Room { get; init; }

    /// <summary>It is tried although it does not seem to fit.</summary>
    public bool IgnoresRoom { get; init; }

    /// <summary>
    /// In place: remove what the snapshot does not hold. Says where the roots are and which folders are never entered; the rules are the snapshot's own. Null to remove
    /// nothing.
    /// </summary>
    public FileSystemSourceOptions? Mirror { get; init; }

    /// <summary>In place: note on this host what is finished, so that an interrupted restore does not compare it again.</summary>
    public bool KeepsJournal { get; init; }

    /// <summary>Every file is read back before it gets its name.</summary>
    public bool ReadsBack { get; init; } = true;

    /// <summary>Told the verdict on each entry, on the thread that restores; null where nobody listens.</summary>
    public Action<RestoredEntry>? OnEntry { get; init; }
}

/// <summary>What the stages of one restore share.</summary>
internal sealed record RestoreParts(VaultReader Vault, ChunkIndex Index, ListingReader Listing, IDestination Destination, RestoreTally Result)
{
    internal required EntryFilter Filter { get; init; }

    internal required ProgressCounters Counters { get; init; }

    internal required StandingComparer Comparer { get; init; }

    internal required bool ReadsBack { get; init; }

    internal required RestoreJournal? Journal { get; init; }

    /// <summary>Where a folder stands in a file's place, the file waits until the folder is gone.</summary>
    internal required bool DefersWhatIsInTheWay { get; init; }

    /// <summary>Room that may be taken before files get their names.</summary>
    internal required long BatchBytes { get; init; }

    internal ChunkIdKey Ids => Vault.Vault.Keys.ChunkId;
}
