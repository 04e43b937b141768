using System.Runtime.InteropServices;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// The walk through one root: a stack of folders, each with its sorted names, so that memory follows the depth and the widest folders
/// on the way and not the tree; what is known ahead is bounded.
/// </summary>
internal sealed partial class FileSystemWalk(
    FileSystemReader reader, LookAhead ahead, WalkRules rules, HardLinkTable links, Func<Timestamp> now, Action countExcluded)
{
    private readonly List<WalkFrame> _frames = [];

    /// <summary>Decoded names below the root, one for each frame but the first.</summary>
    private readonly List<int[]> _components = [];

    private readonly List<SourceItem> _ready = [];
    private ulong _rootDevice;

    /// <summary>Taken before the look: a change after it must not seem older.</summary>
    private Timestamp _statedAt;

    public IEnumerable<SourceItem> Run(EntryPath path, ResolvedRoot root, CancellationToken cancellationToken)
    {
        VisitRoot(path, root);
        while (true)
        {
            foreach (var item in _ready)
            {
                yield return item;
            }

            _ready.Clear();
            if (_frames.Count == 0)
            {
                yield break;
            }

            cancellationToken.ThrowIfCancellationRequested();
            Step();
        }
    }

    private void VisitRoot(EntryPath path, ResolvedRoot root)
    {
        try
        {
            _statedAt = now();
            var stat = ahead.Stat(root.Folder, root.Name);
            _rootDevice = stat.DeviceId;
            Take(path, root.Folder, root.Name, stat);
            if (stat.Kind == EntryKind.Directory)
            {
                Enter(List(new WalkFrame(ToNode(root.Folder, root.Name, stat), path, isIncluded: rules.Include.IsEmpty)), hasCacheRule: false);
            }
        }
        catch (SourceFaultException failure)
        {
            _ready.Add(new SourceItem(null, failure.Fault));
        }
    }

    private void Step()
    {
        var frame = _frames[^1];
        if (frame.Next < frame.Names.Count)
        {
            AskAhead(frame);
            Visit(frame, frame.Next++);
            return;
        }

        if (frame.Pending is not null)
        {
            countExcluded();
        }

        _frames.RemoveAt(_frames.Count - 1);
        if (_components.Count > 0)
        {
            _components.RemoveAt(_components.Count - 1);
        }
    }

    private void Visit(WalkFrame frame, int index)
    {
        var name = frame.Names[index];
        _components.Add(Decode(name));
        var depth = _frames.Count;
        var listing = frame.Early?.TakeOut(index);
        _lastAsked = listing is null ? _lastAsked : default;
        try
        {
            Visit(frame, name.ToArray(), Look(frame, index), listing);
        }
        catch (SourceFaultException failure)
        {
            if (IsExcludedByPattern(isFolder: true) || IsExcludedByPattern(isFolder: false))
            {
                countExcluded();
            }
            else
            {
                _ready.Add(new SourceItem(null, failure.Fault));
            }
        }

        if (_frames.Count == depth)
        {
            _components.RemoveAt(_components.Count - 1);
            EarlyNames.Drop(listing);
        }
    }

    private void Visit(WalkFrame frame, byte[] name, in EntryStat stat, EarlyJob<EarlyListing>? listing)
    {
        var isFolder = stat.Kind == EntryKind.Directory;
        var isIncluded = rules.Include.IsEmpty || (rules.Include.Match(CollectionsMarshal.AsSpan(_components), isFolder) ?? frame.IsIncluded);
        if (isFolder ? IsLeftOut(stat) : IsExcludedByPattern(isFolder: false) || !isIncluded || !rules.IsWithinLimits(stat))
        {
            countExcluded();
            return;
        }

        var path = frame.Path.AppendShared(name);
        if (path.Depth > EntryPath.MaxDepth)
        {
            throw new SourceFaultException(new SourceFault(
                FaultCodes.DirectoryUnreadable, frame.Folder.Display(name), $"It lies deeper than {EntryPath.MaxDepth} levels."));
        }

        var item = isFolder && !isIncluded ? CreateItem(path, frame.Folder, name, stat) : null;
        if (item is null)
        {
            Take(path, frame.Folder, name, stat);
        }

        if (isFolder && IsOnThisFileSystem(stat))
        {
            Enter(Adopt(stat, path, isIncluded, listing) ?? List(new WalkFrame(ToNode(frame.Folder, name, stat), path, isIncluded)), rules.ExcludesCacheFolders, item);
        }
        else if (isFolder)
        {
            countExcluded();
        }
    }

    private void Take(EntryPath path, FolderNode folder, byte[] name, in EntryStat stat)
    {
        var item = CreateItem(path, folder, name, stat);
        if (!rules.Include.IsEmpty)
        {
            EmitPending();
        }

        _ready.Add(item);
    }

    private void EmitPending()
    {
        foreach (var frame in _frames)
        {
            if (frame.Pending is { } pending)
            {
                _ready.Add(pending);
                frame.Pending = null;
            }
        }
    }

    private SourceItem CreateItem(EntryPath path, FolderNode folder, byte[] name, in EntryStat stat)
    {
        SourceFault? fault = null;
        var described = rules.DefersAttributes && (stat.LinkCount == 1 || stat.Kind == EntryKind.Directory) ? reader.TryDescribe(stat) : null;
        var metadata = described ?? reader.ReadMetadata(folder, name, stat, out fault);
        var firstName = stat.Kind == EntryKind.File ? links.FirstNameOf(stat, path) : null;
        if (firstName is not null)
        {
            metadata = metadata with { Kind = EntryKind.HardLink, HardLinkTarget = firstName, SizeBytes = 0, Holes = [] };
        }

        return new SourceItem(
            new FileSystemEntry
            {
                Path = path,
                Origin = reader.Origin,
                Metadata = metadata,
                LacksAttributes = described is not null,
                Identity = stat.ToIdentity(),
                StatedAt = _statedAt,
                TimeGranularity = stat.TimeGranularity,
                Reader = reader,
                Folder = folder,
                RealName = name,
                Stat = stat,
            },
            fault);
    }

    private WalkFrame List(WalkFrame frame)
    {
        try
        {
            ahead.List(frame.Folder, frame.Names);
        }
        catch (SourceFaultException failure)
        {
            _ready.Add(new SourceItem(null, failure.Fault));
        }

        return frame;
    }

    /// <param name="pending">The folder's own item, where something in it must be taken first.</param>
    private void Enter(WalkFrame frame, bool hasCacheRule, SourceItem? pending = null)
    {
        frame.Pending = pending;
        if (hasCacheRule && IsCacheFolder(frame))
        {
            for (var i = 1; i < frame.Names.Count; i++)
            {
                countExcluded();
            }

            (frame.Names, frame.Early) = (new NameList(), null);
            frame.Names.Add(CacheTagName);
        }

        frame.Rules = ReadIgnoreFile(frame);
        _frames.Add(frame);
    }
}
