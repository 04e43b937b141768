using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>One call of a collection: what it saw, how long it may go on, and what it has done so far.</summary>
internal sealed class CollectRun(UnlockedVault vault, CollectOptions options, RunContext context, CollectView view)
{
    /// <summary>So many requests to delete are under way at once.</summary>
    private const int ParallelDeletes = 8;

    /// <summary>After so many it is asked whether this member still has the right: markers of one who was revoked are shunned by nobody.</summary>
    private const int DeletesOnOneLook = 256;

    private readonly long _begun = vault.Time.GetTimestamp();
    private long _deletedBytes;
    private long _deletedPacks;
    private long _tidied;
    private long _kept;
    private TargetException? _refusal;
    private DateTimeOffset? _due;

    private int DeletesInRequest => Math.Min(DeletesOnOneLook, vault.Target.Capabilities.MaxDeletesPerRequest);

    internal UnlockedVault Vault => vault;

    internal CollectOptions Options => options;

    internal RunContext Context => context;

    internal CollectView View => view;

    internal long PacksCondemned { get; set; }

    internal long BytesCondemned { get; set; }

    internal long PacksLifted { get; set; }

    internal long PacksChosen { get; set; }

    internal long BytesChosen { get; set; }

    internal long PacksTooYoung { get; set; }

    internal long PacksCompacted { get; set; }

    /// <summary>Packs that this call moved the needed chunks of.</summary>
    internal HashSet<PackId> Moved { get; } = [];

    internal long BytesRewritten { get; set; }

    internal long SegmentsMerged { get; set; }

    /// <summary>Packs and small objects that nothing needs and that the store did not give up.</summary>
    internal long ObjectsKept => Interlocked.Read(ref _kept);

    internal KeyringUpkept Keyring { get; set; } = new(0, 0, 0);

    internal bool HasMoreToDo { get; private set; }

    /// <summary>Whether nothing new may be begun; what stays undone is then for the next call.</summary>
    internal bool IsOver()
    {
        var isOver = options.TimeLimit is { } limit && vault.Time.GetElapsedTime(_begun) >= limit;
        HasMoreToDo |= isOver;
        return isOver;
    }

    /// <summary>For long walks that change nothing: counts a step, and says whether another may be taken.</summary>
    internal bool GoesOn()
    {
        context.Counters.AddFile();
        return !IsOver();
    }

    /// <summary>Something waits for this moment, by the store's clock.</summary>
    internal void Await(DateTimeOffset due) => _due = _due is null || due < _due ? due : _due;

    /// <summary>Deletes packs while the marker that they stand under lets it; the clock is looked at before each request.</summary>
    /// <exception cref="RequestException">NotAMaintainer: the right was taken away meanwhile.</exception>
    internal async Task DeletePacksAsync(IEnumerable<FoundPack> packs, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        foreach (var batch in packs.Chunk(DeletesOnOneLook))
        {
            await vault.RefreshAsync(cancellationToken);
            CollectView.RequireAllowed(vault);
            var requests = batch.Chunk(DeletesInRequest);
            await Parallel.ForEachAsync(requests, InParallel(cancellationToken), (request, token) => DeletePacksAsync(request, deadline, token));
        }
    }

    private async ValueTask DeletePacksAsync(FoundPack[] packs, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        if (IsOver() || view.Clock.AtMost >= deadline)
        {
            HasMoreToDo = true;
            return;
        }

        context.Counters.SetCurrentItem(packs[0].Id);
        var kept = await DeleteAsync([.. packs.Select(static pack => ObjectNames.Pack(pack.Id))], cancellationToken);
        var gone = packs.Where(pack => !kept.Contains(ObjectNames.Pack(pack.Id))).ToList();
        Interlocked.Add(ref _deletedPacks, gone.Count);
        Interlocked.Add(ref _deletedBytes, gone.Sum(static pack => pack.LengthBytes));
        Array.ForEach(packs, _ => context.Counters.AddFile());
    }

    /// <summary>Deletes what is unneeded by itself; where an order matters, one call comes after the other.</summary>
    internal async Task TidyAsync(IEnumerable<ObjectName> names, CancellationToken cancellationToken)
    {
        foreach (var request in names.Chunk(DeletesOnOneLook))
        {
            if (IsOver())
            {
                return;
            }

            context.Counters.SetCurrentItem(request[0]);
            _tidied += request.Length - (await DeleteAsync(request, cancellationToken)).Count;
        }
    }

    /// <summary>What stays is told once, at the end.</summary>
    internal void ReportKept()
    {
        if (_refusal is { } first)
        {
            context.Sink.Report(new BackupEvent(
                EventSeverity.Warning, $"{_kept:N0} object(s) that nothing needs could not be deleted; a later call tries again. The first: {first.Message}", first.Code));
        }
    }

    /// <returns>What the store did not give up: it is locked, or not this account's to delete.</returns>
    private async Task<HashSet<ObjectName>> DeleteAsync(ObjectName[] names, CancellationToken cancellationToken)
    {
        if (await vault.Store.TryDeleteManyAsync(names, cancellationToken) is not { } refusal)
        {
            return [];
        }

        Interlocked.Add(ref _kept, refusal.Kept.Count);
        Interlocked.CompareExchange(ref _refusal, refusal, null);
        return [.. refusal.Kept];
    }

    internal CollectResult ToResult(DateTimeOffset? nextDue, TimeSpan elapsed) => new()
    {
        BytesBefore = view.Inventory.TotalBytes,
        BytesAfter = view.Inventory.TotalBytes - _deletedBytes + BytesRewritten,
        PacksDeleted = _deletedPacks,
        BytesDeleted = _deletedBytes,
        PacksCondemned = PacksCondemned,
        BytesCondemned = BytesCondemned,
        PacksLifted = PacksLifted,
        PacksChosen = PacksChosen,
        BytesChosen = BytesChosen,
        PacksTooYoung = PacksTooYoung,
        PacksCompacted = PacksCompacted,
        BytesRewritten = BytesRewritten,
        SegmentsMerged = SegmentsMerged,
        ObjectsTidied = _tidied,
        ObjectsKept = _kept + Keyring.ObjectsKept,
        SubjectsErased = Keyring.Erased,
        Erasures = Keyring.Erasures,
        SubjectKeysFolded = Keyring.KeysFolded,
        KeyringObjectsDeleted = Keyring.ObjectsDeleted,
        NextDue = nextDue is { } planned && _due is { } added ? (planned < added ? planned : added) : nextDue ?? _due,
        HasMoreToDo = HasMoreToDo,
        Traffic = vault.TakeTraffic(),
        Elapsed = elapsed,
    };

    private static ParallelOptions InParallel(CancellationToken cancellationToken) => new() { MaxDegreeOfParallelism = ParallelDeletes, CancellationToken = cancellationToken };
}
