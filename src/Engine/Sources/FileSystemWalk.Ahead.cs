using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>What the walk has found out before it comes to it, and whether that may stand for what it would see itself.</summary>
internal sealed partial class FileSystemWalk
{
    /// <summary>Each folder on the way may keep listings of its next ones: of trees deeper than any but a hostile one, only the upper ones do.</summary>
    private const int MaxAskingDepth = 32;

    /// <summary>For which folder, and after how many answers, was last asked for more folders.</summary>
    private (WalkFrame Frame, long Done) _lastAsked;

    /// <summary>About the next names, and about the next folders that the walk will enter: those that its rules leave out are none of them.</summary>
    private void AskAhead(WalkFrame frame)
    {
        if (!ahead.IsDue || _frames.Count > MaxAskingDepth)
        {
            return;
        }

        var early = frame.Early ??= new EarlyNames(ahead, frame.Folder, frame.Names);
        early.Ask(frame.Next, _frames.Count);
        if (ahead.ListsFolders && _lastAsked != (frame, ahead.Done))
        {
            _lastAsked = (frame, ahead.Done);
            ListAhead(early, frame.Folder, frame.Names, frame.Next);
        }
    }

    /// <summary>Below a folder that has rules of its own, which the walk alone reads, nothing is listed.</summary>
    private void ListAhead(EarlyNames early, FolderNode folder, NameList names, int next)
    {
        // Whatever was listed above, each folder on the way may have as many of its next ones listed as there are helpers.
        var isOwn = _components.Count < _frames.Count;
        while ((ahead.ListingsLeft > 0 || (isOwn && early.Listings < ahead.MostHelpers)) && early.TryNextFolder(next, out var index, out var stat))
        {
            _components.Add(Decode(names[index]));
            if (!IsLeftOut(stat) && IsOnThisFileSystem(stat) && _frames[^1].Path.Depth + _components.Count - _frames.Count < EntryPath.MaxDepth)
            {
                early.List(index, ToNode(folder, names[index].ToArray(), stat), stat, below => !IsTagged(below), _frames.Count);
            }

            _components.RemoveAt(_components.Count - 1);
        }

        foreach (var (index, listing) in early.Listed.TakeWhile(_ => ahead.ListingsLeft > 0))
        {
            if (listing.Names is { } below && !HasOwnRules(below))
            {
                _components.Add(Decode(names[index]));
                ListAhead(listing.Early ??= new EarlyNames(ahead, listing), listing.Folder, below, next: 0);
                _components.RemoveAt(_components.Count - 1);
            }
        }
    }

    private bool HasOwnRules(NameList names) => IsTagged(names) || (rules.IgnoreFileName is { } ignoreFile && names.Contains(ignoreFile));

    /// <summary>Of a cache folder the walk looks at the tag alone.</summary>
    private bool IsTagged(NameList names) => rules.ExcludesCacheFolders && names.Contains(CacheTagName);

    private EntryStat Look(WalkFrame frame, int index)
    {
        var early = frame.Early?.LookAt(index);
        _statedAt = now();
        if (early is { } look && LookAhead.IsFresh(look.SeenAt, _statedAt))
        {
            _statedAt = look.SeenAt;
            return look.Stat;
        }

        if (early is not null)
        {
            frame.Early!.Restart(index + 1, _statedAt);
        }

        return ahead.Stat(frame.Folder, frame.Names[index]);
    }

    /// <summary>A folder that has been listed; null where the walk must list it.</summary>
    /// <param name="stat">The look that stands for the folder: where that is another than the one before the listing, both must show the same.</param>
    private WalkFrame? Adopt(in EntryStat stat, EntryPath path, bool isIncluded, EarlyJob<EarlyListing>? job)
    {
        if (job?.Take() is { Names: { } names } listing && LookAhead.IsFresh(listing.SeenAt, now()) && listing.Seen.IsSameFileAs(stat) && listing.Seen.ShowsSameContentAs(stat))
        {
            return new WalkFrame(listing.Folder, path, isIncluded) { Names = names, Early = listing.Early ?? new EarlyNames(ahead, listing) };
        }

        EarlyNames.Drop(job);
        return null;
    }

    private static FolderNode ToNode(FolderNode parent, byte[] name, in EntryStat stat) =>
        new(parent, name, stat.DeviceId, stat.HasStableIdentity ? stat.FileId : 0);
}
