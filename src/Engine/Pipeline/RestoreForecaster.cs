using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Foresees a restore: walks the listing as the restore will, asks for every chunk where it lies and whether that pack is on the target, and gathers the reads as
/// they will be made. Reads pages of listing and index and writes nothing.
/// </summary>
public sealed class RestoreForecaster
{
    private const long BlockBytes = 4096;

    private readonly RestoreRequest _request;
    private readonly DestinationForecast _destination;
    private readonly IReadOnlyList<DestinationSpace> _spaces;
    private readonly Dictionary<string, RestoreRoom> _rooms;
    private readonly List<EntryFault> _faults = [];
    private long _files;
    private long _kept;
    private long _folders;
    private long _others;
    private long _written;
    private long _extras;

    private RestoreForecaster(RestoreRequest request, DestinationForecast destination)
    {
        _request = request;
        _destination = destination;
        _spaces = destination.Spaces();
        _rooms = _spaces.ToDictionary(static space => space.Path, _ => new RestoreRoom(RestoreBatch.WrittenWithin(_spaces.Min(static space => space.FreeBytes))), StringComparer.Ordinal);
    }

    /// <exception cref="RequestException">NothingMatches.</exception>
    public static async Task<RestoreForecast> RunAsync(
        RestoreRequest request, DestinationForecast destination, RunContext context, CancellationToken cancellationToken)
    {
        request.Snapshot.RequireFiles();
        var vault = request.Vault.Vault;
        using var index = await ChunkIndexLoader.OpenForReadingAsync(vault, request.Snapshot, context.Sink, cancellationToken);
        using var fetcher = new ChunkFetcher(request.Vault, index);
        var cold = new ColdPacks();
        var inventory = await PackInventory.TakeAsync(vault.Target, cancellationToken, cold);
        var reads = new ForecastReads(index, fetcher, inventory, cold);
        var run = new RestoreForecaster(request, destination);
        run._faults.AddRange(destination.MissingRights().Select(EntryFault.Of));
        await run.WalkAsync(reads, reads, cancellationToken);
        reads.Flush();
        await run.SweepAsync(reads, cancellationToken);
        await run.NeedUnlistedAsync(cold, cancellationToken);
        return run.ToForecast(reads, cold);
    }

    /// <summary>
    /// Refuses a restore that cannot fit, before its first byte. Where the whole snapshot would fit nothing more is asked; else the listing is walked for what is wanted
    /// of it, since holes, a part of the snapshot or what is there already may need far less.
    /// </summary>
    /// <exception cref="RequestException">DestinationTooSmall.</exception>
    internal static async Task RequireRoomAsync(
        RestoreRequest request, DestinationForecast destination, IChunkFetcher fetcher, CancellationToken cancellationToken)
    {
        var run = new RestoreForecaster(request, destination);
        var most = request.Snapshot.ContentBytes + (BlockBytes * request.Snapshot.EntryCount);
        if (run._spaces.All(space => space.FreeBytes >= most))
        {
            return;
        }

        await run.WalkAsync(fetcher, reads: null, cancellationToken);
        RequireRoom(run.SpaceForecasts());
    }

    internal static void RequireRoom(IEnumerable<SpaceForecast> spaces)
    {
        if (spaces.FirstOrDefault(static space => space.NeededBytes > space.FreeBytes) is { } full)
        {
            throw new RequestException(
                FaultCodes.DestinationTooSmall, $"The restore needs {full.NeededBytes} bytes at '{full.Path}', where {full.FreeBytes} are free.");
        }
    }

    /// <summary>
    /// Where the listing is cold, level for level of it would have to be warmed until all packs are known. A restore of everything needs those that the snapshot refers to,
    /// and its set of them lies in no pack.
    /// </summary>
    private async Task NeedUnlistedAsync(ColdPacks cold, CancellationToken cancellationToken)
    {
        if (!cold.MayBeMore || !_destination.IsFresh || !new EntryFilter(_request.Include).TakesAll)
        {
            return;
        }

        try
        {
            await cold.NeedAllOfAsync(_request.Vault.Vault, _request.Snapshot, cancellationToken);
            cold.MayBeMore = false;

            // What the listing does not tell yet, the snapshot states: nothing is paid for that will not fit.
            var unlisted = Math.Max(0, _request.Snapshot.ContentBytes - _written);
            _rooms[_spaces[0].Path].Add(unlisted, freedBytes: 0);
            _written += unlisted;
        }
        catch (BackupException damage) when (ChunkFetcher.IsDamage(damage))
        {
            _faults.Add(EntryFault.Of("(reference set)", damage));
        }
    }

    private async Task WalkAsync(IChunkFetcher fetcher, ForecastReads? reads, CancellationToken cancellationToken)
    {
        var filter = new EntryFilter(_request.Include);
        var owner = _request.Vault.OpenOwnerPart(_request.Snapshot);
        var listing = new ListingReader(owner.ListingRoot, fetcher, (page, damage) => _faults.Add(RestoreCorridor.LostPage(page, damage)));
        var seen = 0;
        await foreach (var entry in listing.WayAndBelowAsync(filter.Scope, cancellationToken))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!filter.Takes(entry.Path, entry.Metadata.Kind))
            {
                continue;
            }

            seen++;
            await AddAsync(entry, reads, cancellationToken);
        }

        if (seen == 0 && _faults.Count == 0 && !filter.TakesAll)
        {
            throw RestoreCorridor.NothingMatches(_request);
        }
    }

    private async Task SweepAsync(IChunkFetcher fetcher, CancellationToken cancellationToken)
    {
        if (_request.Mirror is not { } mirror || _faults.Exists(static fault => !RestoreCorridor.SaysNothingOfExtras(fault.Code)))
        {
            return;
        }

        var owner = _request.Vault.OpenOwnerPart(_request.Snapshot);
        MirrorScope scope;
        try
        {
            scope = await MirrorScope.OpenAsync(_request.Snapshot, owner, mirror, fetcher, cancellationToken);
        }
        catch (TargetException cold) when (cold.Fault == TargetFault.Cold)
        {
            _faults.Add(EntryFault.Of("(what the backup could not read)", cold));
            return;
        }

        var sweep = new MirrorSweep(scope, new EntryFilter(_request.Include), _destination.IsMountPoint, _request.Vault.Vault.Time);
        await foreach (var extra in sweep.RunAsync(new ListingReader(owner.ListingRoot, fetcher), cancellationToken))
        {
            _extras += extra.Reason is null ? 1 : 0;
        }
    }

    private async ValueTask AddAsync(ListedEntry entry, ForecastReads? reads, CancellationToken cancellationToken)
    {
        var foresight = _destination.Foresee(new DestinationEntry(entry.Path, entry.Origin, entry.Metadata));
        if (foresight.Fault is { } refused)
        {
            _faults.Add(EntryFault.Of(refused));
            return;
        }

        Count(entry, foresight);
        if (reads is not null && await reads.TryAddAsync(entry, entry.Metadata.Kind == EntryKind.File && foresight.IsWritten, cancellationToken) is { } fault)
        {
            _faults.Add(fault);
        }
    }

    private void Count(ListedEntry entry, Foresight foresight)
    {
        var metadata = entry.Metadata;
        switch (metadata.Kind)
        {
            case EntryKind.Directory:
                _folders++;
                RoomOf(entry.Path).Add(foresight.IsWritten ? BlockBytes : 0, freedBytes: 0);
                return;
            case not EntryKind.File:
                _others++;
                return;
        }

        if (!foresight.IsWritten)
        {
            _kept++;
            return;
        }

        var bytes = metadata.SizeBytes - metadata.Holes.Sum(static hole => hole.LengthBytes) + entry.Streams.Sum(static stream => stream.SizeBytes);
        _files++;
        _written += bytes;
        RoomOf(entry.Path).Add((bytes + BlockBytes - 1) / BlockBytes * BlockBytes, foresight.FreedBytes);
    }

    private RestoreRoom RoomOf(EntryPath path) => _rooms[_destination.SpaceOf(path)];

    private IReadOnlyList<SpaceForecast> SpaceForecasts() =>
        [.. _spaces.Select(space => new SpaceForecast(space.Path, _rooms[space.Path].NeededBytes, space.FreeBytes))];

    private RestoreForecast ToForecast(ForecastReads reads, ColdPacks cold) => new()
    {
        Snapshot = _request.Snapshot,
        Files = _files,
        KeptFiles = _kept,
        Folders = _folders,
        Others = _others,
        Extras = _extras,
        WriteBytes = _written,
        ReadBytes = reads.Bytes,
        Packs = reads.Packs,
        Cold = cold,
        Spaces = SpaceForecasts(),
        MissingEpochs = [.. _request.Vault.Vault.Register.Epochs.Keys.Where(epoch => !_request.Vault.Has(epoch)).Order()],
        Faults = _faults,
    };
}
