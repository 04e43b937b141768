using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>What helpers were asked to find out about the next names of a folder that the walk is in, or comes to. Bounded, whatever the folder holds.</summary>
internal sealed class EarlyNames
{
    private const int SliceNames = 8;

    /// <summary>So far ahead is looked.</summary>
    private const int MaxNames = 64;

    /// <summary>So many of the next folders are listed.</summary>
    private const int MaxFolders = 16;

    private readonly LookAhead _ahead;
    private readonly FolderNode _folder;
    private readonly NameList _names;
    private readonly Queue<Slice> _slices = new();
    private readonly List<(int Index, EarlyJob<EarlyListing> Job)> _folders = [];

    /// <summary>Names before it have been asked for.</summary>
    private int _asked;

    /// <summary>Names before it have been handed out, or are no folders as far as anybody looked.</summary>
    private int _judged;

    private Timestamp _restartedAt;

    public EarlyNames(LookAhead ahead, FolderNode folder, NameList names) => (_ahead, _folder, _names) = (ahead, folder, names);

    /// <summary>Of a folder that was listed, with the looks that came with it.</summary>
    public EarlyNames(LookAhead ahead, EarlyListing listing)
        : this(ahead, listing.Folder, listing.Names!)
    {
        var job = new EarlyJob<EarlyLook?[]>(() => listing.Looks);
        job.Run();
        _slices.Enqueue(new Slice(0, listing.Looks.Length, job));
        _asked = listing.Looks.Length;
    }

    /// <summary>How many folders were asked to be listed, to which the walk has not come.</summary>
    public int Listings => _folders.Count;

    /// <summary>The folders among the next names that were asked to be listed, in their order, as far as they have been.</summary>
    public IEnumerable<(int Index, EarlyListing Listing)> Listed => _folders.Where(static folder => folder.Job.IsDone).Select(static folder => (folder.Index, folder.Job.Take()!));

    /// <summary>Has the next names looked at.</summary>
    public void Ask(int next, int depth)
    {
        for (_asked = Math.Max(_asked, next); _asked < Math.Min(_names.Count, next + MaxNames); _asked += SliceNames)
        {
            var count = Math.Min(SliceNames, _names.Count - _asked);
            _slices.Enqueue(new Slice(_asked, count, _ahead.Look(_folder, _names, _asked, count, depth)));
        }
    }

    /// <summary>At a name that is not before the last one asked for; null where the walk must look.</summary>
    public EarlyLook? LookAt(int index)
    {
        while (_slices.TryPeek(out var past) && past.End <= index)
        {
            _slices.Dequeue();
        }

        return _slices.TryPeek(out var slice) && slice.From <= index ? slice.Job.Take()?[index - slice.From] : null;
    }

    /// <summary>The next folder that may be listed, as far as looks have come back; each is handed out once.</summary>
    /// <param name="next">The walk's next name.</param>
    public bool TryNextFolder(int next, out int index, out EntryStat stat)
    {
        _judged = Math.Max(_judged, next);
        foreach (var slice in _slices.SkipWhile(slice => slice.End <= _judged))
        {
            if (slice.Job.IsGivenUp)
            {
                _judged = slice.End;
                continue;
            }

            for (; _folders.Count < MaxFolders && _judged < slice.End && slice.Job.IsDone; _judged++)
            {
                if (slice.Job.Take()![_judged - slice.From] is { Stat.Kind: EntryKind.Directory } look)
                {
                    (index, stat) = (_judged++, look.Stat);
                    return true;
                }
            }

            if (_judged < slice.End)
            {
                break;
            }
        }

        (index, stat) = (-1, default);
        return false;
    }

    /// <summary>Has a folder listed.</summary>
    public void List(int index, FolderNode child, EntryStat seen, Func<NameList, bool> isLookedInto, int depth) =>
        _folders.Add((index, _ahead.List(child, seen, isLookedInto, depth)));

    /// <summary>By the walk when it comes to a name; null for what is no such folder.</summary>
    public EarlyJob<EarlyListing>? TakeOut(int index)
    {
        if (_folders.Count == 0 || _folders[0].Index != index)
        {
            return null;
        }

        var job = _folders[0].Job;
        _folders.RemoveAt(0);
        _ahead.Forget(1);
        return job;
    }

    /// <summary>The walk does not enter a folder as it was listed, nor what was listed in it.</summary>
    public static void Drop(EarlyJob<EarlyListing>? job)
    {
        job?.TakeIfDone()?.Early?.DropFolders();
    }

    /// <summary>What is known has become too old: all is asked for once more. Where answers always come too late, that is not done at every name.</summary>
    public void Restart(int next, Timestamp time)
    {
        if (LookAhead.IsFresh(_restartedAt, time))
        {
            return;
        }

        foreach (var slice in _slices)
        {
            slice.Job.TakeIfDone();
        }

        _slices.Clear();
        DropFolders();
        (_asked, _judged, _restartedAt) = (next, next, time);
    }

    private void DropFolders()
    {
        _ahead.Forget(_folders.Count);
        _folders.ForEach(static folder => Drop(folder.Job));
        _folders.Clear();
    }

    private readonly record struct Slice(int From, int Count, EarlyJob<EarlyLook?[]> Job)
    {
        public int End => From + Count;
    }
}
