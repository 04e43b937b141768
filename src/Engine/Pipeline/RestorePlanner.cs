using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Walks the listing in path order, makes folders and everything without content at once, and gathers the content of files into batches.
/// What must come later (further names of a file, attributes of folders) waits in <see cref="RestoreFinisher"/>.
/// </summary>
internal sealed partial class RestorePlanner(RestoreParts parts, RestoreFetcher fetcher)
{
    private readonly RestoreFinisher _finisher = new(parts);
    private readonly List<ListedEntry> _unmadeFolders = [];
    private readonly Dictionary<EntryPath, EntryPath> _standIns = [];
    private readonly StandingStage _standing = new(parts);
    private readonly List<ListedEntry> _inTheWay = [];
    private bool _isSettling;

    internal Task RunAsync(CancellationToken cancellationToken) => RunAsync(() => PlanAllAsync(cancellationToken), cancellationToken);

    /// <summary>After a sweep: what had to wait for a folder to go, and the attributes of folders in which something changed.</summary>
    internal Task RunAgainAsync(IReadOnlyDictionary<EntryPath, ListedEntry> touched, CancellationToken cancellationToken) =>
        RunAsync(() => PlanAgainAsync(touched, cancellationToken), cancellationToken);

    private async Task RunAsync(Func<Task> plan, CancellationToken cancellationToken)
    {
        try
        {
            await plan();
        }
        finally
        {
            await EndAsync(cancellationToken);
        }
    }

    private async Task PlanAllAsync(CancellationToken cancellationToken)
    {
        await foreach (var entry in parts.Listing.WayAndBelowAsync(parts.Filter.Scope, cancellationToken))
        {
            LeaveUnmadeFolders(entry.Path);
            if (!parts.Filter.Takes(entry.Path, entry.Metadata.Kind))
            {
                if (entry.Metadata.Kind == EntryKind.Directory)
                {
                    _unmadeFolders.Add(entry);
                }

                continue;
            }

            await TakeAsync(entry, cancellationToken);
        }

        await SettleAsync(cancellationToken);
        await FetchRestAsync(cancellationToken);
    }

    private async Task PlanAgainAsync(IReadOnlyDictionary<EntryPath, ListedEntry> touched, CancellationToken cancellationToken)
    {
        var waiting = _inTheWay.ToArray();
        _inTheWay.Clear();
        foreach (var entry in waiting)
        {
            await PrepareAsync(entry, cancellationToken, defers: false);
        }

        List<EntryPath> made = [.. waiting.Select(static entry => entry.Path), .. _finisher.RetryLinks()];
        await SettleAsync(cancellationToken);
        await FetchRestAsync(cancellationToken);
        foreach (var folder in await FoldersOfAsync(made, touched, cancellationToken))
        {
            if (await TryCompleteMetadataAsync(folder, cancellationToken) is { } metadata)
            {
                var entry = new DestinationEntry(folder.Path, folder.Origin, metadata);
                parts.Result.AddAgain(parts.Destination.CompleteFolder(new Preparation(entry, PrepareVerdict.Folder, [])));
            }
        }
    }

    /// <summary>The folders in which something was made, with those that were touched before.</summary>
    private async Task<IEnumerable<ListedEntry>> FoldersOfAsync(
        IEnumerable<EntryPath> made, IReadOnlyDictionary<EntryPath, ListedEntry> touched, CancellationToken cancellationToken)
    {
        var folders = touched.ToDictionary();
        foreach (var path in made.Select(static path => path.Parent).OfType<EntryPath>().Where(static path => path.Depth > 0).Distinct())
        {
            if (!folders.ContainsKey(path) && parts.Filter.Takes(path, EntryKind.Directory) && await parts.Listing.FindAsync(path, cancellationToken) is { } folder)
            {
                folders.Add(path, folder);
            }
        }

        return folders.Values;
    }

    /// <summary>Folders that were not chosen themselves are made when something in them is.</summary>
    private void LeaveUnmadeFolders(EntryPath next) => _unmadeFolders.RemoveAll(folder => !folder.Path.IsAncestorOrSelfOf(next));

    private async ValueTask TakeAsync(ListedEntry entry, CancellationToken cancellationToken)
    {
        foreach (var folder in _unmadeFolders)
        {
            await PrepareAsync(folder, cancellationToken);
        }

        _unmadeFolders.Clear();
        await PrepareAsync(await WithFirstNameAsync(entry, cancellationToken), cancellationToken);
        if (_standing.IsFull)
        {
            await SettleAsync(cancellationToken);
        }

        if (_batch.IsFull || _finisher.IsFull)
        {
            await SettleAsync(cancellationToken);
            await FetchAsync(cancellationToken);
        }
    }

    /// <summary>Compares what stands at the destination; what is right stays, and of the rest what it lacks is planned.</summary>
    private async ValueTask SettleAsync(CancellationToken cancellationToken)
    {
        _isSettling = true;
        foreach (var found in await _standing.CompareAllAsync(cancellationToken))
        {
            if (found.Content is { IsSame: true, Stamp: { } stamp } && parts.Destination.Settle(found.Preparation, stamp) is { } outcome)
            {
                parts.Result.AddSettled(found.Preparation.Entry, outcome);
                parts.Journal?.Add(found.Entry.Path, outcome.Stamp);
            }
            else
            {
                await PlanFileAsync(found.Entry, found.Preparation with { Verdict = PrepareVerdict.Content }, found.Content, cancellationToken);
            }
        }

        _isSettling = false;
        await CommitJournalAsync(cancellationToken);
    }

    private ValueTask CommitJournalAsync(CancellationToken cancellationToken) => parts.Journal is { } journal
        ? new ValueTask(journal.CommitAsync(parts.Destination, cancellationToken))
        : ValueTask.CompletedTask;

    /// <summary>
    /// A further name of a file whose first name was not chosen: the first of these names becomes the file itself, and the others become
    /// names of that one.
    /// </summary>
    private async ValueTask<ListedEntry> WithFirstNameAsync(ListedEntry entry, CancellationToken cancellationToken)
    {
        if (entry.Metadata.HardLinkTarget is not { } first || parts.Filter.Takes(first, EntryKind.File))
        {
            return entry;
        }

        if (_standIns.TryGetValue(first, out var standIn))
        {
            return entry with { Metadata = entry.Metadata with { HardLinkTarget = standIn } };
        }

        await foreach (var file in parts.Listing.EntriesAsync(first, cancellationToken))
        {
            if (file.Path == first && file.Metadata.Kind == EntryKind.File)
            {
                _standIns.Add(first, entry.Path);
                return file with { Path = entry.Path, Origin = entry.Origin };
            }
        }

        return entry;
    }

    private async ValueTask PrepareAsync(ListedEntry entry, CancellationToken cancellationToken, bool defers = true)
    {
        parts.Counters.SetCurrentItem(entry.Path);
        _finisher.Pass(entry.Path);
        if (!entry.Domain.IsVault)
        {
            parts.Result.Add(new EntryFault(FaultCodes.RecordsAreNotFiles, entry.Path.ToString(), $"'{entry.Path}' holds records that are sealed under a customer's key."));
            return;
        }

        if (await TryCompleteMetadataAsync(entry, cancellationToken) is not { } metadata)
        {
            return;
        }

        var preparation = parts.Destination.Prepare(new DestinationEntry(entry.Path, entry.Origin, metadata));
        if (defers && parts.DefersWhatIsInTheWay && IsInTheWay(entry, preparation))
        {
            _inTheWay.Add(entry);
            return;
        }

        parts.Result.Add(preparation);
        switch (preparation.Verdict)
        {
            case PrepareVerdict.Content:
                await PlanFileAsync(entry, preparation, StandingContent.Unreadable, cancellationToken);
                break;
            case PrepareVerdict.Compare:
                _standing.Add(entry, preparation);
                break;
            case PrepareVerdict.Link:
                _finisher.AddLink(preparation);
                break;
            case PrepareVerdict.Folder:
                _finisher.AddFolder(preparation);
                break;
        }
    }

    /// <summary>A folder stands there, or where the entry's first name belongs.</summary>
    private bool IsInTheWay(ListedEntry entry, Preparation preparation) =>
        preparation is { Verdict: PrepareVerdict.Refused, Faults: [{ Code: var code }, ..] } && code == FaultCodes.EntryInTheWay
        || (entry.Metadata.HardLinkTarget is { } first && _inTheWay.Exists(waiting => waiting.Path == first));

    /// <summary>The entry's metadata with the extended attributes that stand outside it; null when they cannot be read.</summary>
    private async ValueTask<EntryMetadata?> TryCompleteMetadataAsync(ListedEntry entry, CancellationToken cancellationToken)
    {
        // All of an entry's together: thousands of attributes may name one content, and all are held at once.
        var left = 64 * 1024 * 1024;
        var attributes = entry.Metadata.ExtendedAttributes.ToList();
        try
        {
            foreach (var large in entry.LargeAttributes)
            {
                var value = await ContentReader.ReadAllAsync(large.Content, parts.Listing.Fetcher, left, cancellationToken);
                left -= value.Length;
                attributes.Add(new ExtendedAttribute(large.Name, value));
            }
        }
        catch (BackupException damage) when (ChunkFetcher.IsOfOneChunk(damage))
        {
            parts.Result.AddFailed(new DestinationEntry(entry.Path, entry.Origin, entry.Metadata), EntryFault.Of(entry.Path.ToString(), damage));
            return null;
        }

        return entry.LargeAttributes.Count == 0
            ? entry.Metadata
            : entry.Metadata with { ExtendedAttributes = [.. attributes.OrderBy(attribute => attribute.Name, ByteOrder.Instance)] };
    }
}
