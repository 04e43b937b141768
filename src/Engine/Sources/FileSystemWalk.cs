using System.Runtime.InteropServices;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// The walk through one root: a stack of folders, each with its sorted names, so that memory follows the depth and the widest folders
/// on the way and not the tree.
/// </summary>
internal sealed class FileSystemWalk(FileSystemReader reader, WalkRules rules, HardLinkTable links, Func<Timestamp> now, Action countExcluded)
{
    private const int MaxIgnoreFileBytes = 1 << 20;

    private static readonly byte[] CacheTagName = "CACHEDIR.TAG"u8.ToArray();

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
            var stat = reader.Stat(root.Folder, root.Name);
            _rootDevice = stat.DeviceId;
            Take(path, root.Folder, root.Name, stat);
            if (stat.Kind == EntryKind.Directory)
            {
                Enter(new WalkFrame(ToNode(root.Folder, root.Name, stat), path, isIncluded: rules.Include.IsEmpty), hasCacheRule: false);
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
            Visit(frame, frame.Names[frame.Next++]);
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

    private void Visit(WalkFrame frame, ReadOnlySpan<byte> name)
    {
        var hasPatterns = rules.HasPatterns || rules.IgnoreFileName is not null;
        _components.Add(hasPatterns ? PatternText.Decode(name, rules.IgnoresCase) : []);
        var depth = _frames.Count;
        try
        {
            _statedAt = now();
            Visit(frame, name.ToArray(), reader.Stat(frame.Folder, name));
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
        }
    }

    private void Visit(WalkFrame frame, byte[] name, in EntryStat stat)
    {
        var isFolder = stat.Kind == EntryKind.Directory;
        var isIncluded = rules.Include.IsEmpty
            || (rules.Include.Match(CollectionsMarshal.AsSpan(_components), isFolder) ?? frame.IsIncluded);
        if (IsExcludedByPattern(isFolder)
            || (isFolder ? rules.SkipFolders.Contains((stat.DeviceId, stat.FileId)) : !isIncluded || !rules.IsWithinLimits(stat)))
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

        if (isFolder && !(rules.StaysOnOneFileSystem && stat.DeviceId != _rootDevice))
        {
            Enter(new WalkFrame(ToNode(frame.Folder, name, stat), path, isIncluded) { Pending = item }, rules.ExcludesCacheFolders);
        }
        else if (isFolder)
        {
            countExcluded();
        }
    }

    private bool IsExcludedByPattern(bool isFolder)
    {
        var path = CollectionsMarshal.AsSpan(_components);
        if (!rules.Exclude.IsEmpty && rules.Exclude.Match(path, isFolder) is { } verdict)
        {
            return verdict;
        }

        for (var level = path.Length - 1; level >= 0; level--)
        {
            if (_frames[level].Rules?.Match(path[level..], isFolder) is { } nearest)
            {
                return nearest;
            }
        }

        return false;
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

    private void Enter(WalkFrame frame, bool hasCacheRule)
    {
        try
        {
            reader.List(frame.Folder, frame.Names);
        }
        catch (SourceFaultException failure)
        {
            _ready.Add(new SourceItem(null, failure.Fault));
        }

        frame.Names.Sort();
        if (hasCacheRule && IsCacheFolder(frame))
        {
            for (var i = 1; i < frame.Names.Count; i++)
            {
                countExcluded();
            }

            frame.Names = new NameList();
            frame.Names.Add(CacheTagName);
        }

        frame.Rules = ReadIgnoreFile(frame);
        _frames.Add(frame);
    }

    private bool IsCacheFolder(WalkFrame frame)
    {
        var signature = "Signature: 8a477f597d28d172789f06886806bc55"u8;
        try
        {
            return frame.Names.Contains(CacheTagName)
                && reader.ReadHead(frame.Folder, CacheTagName, signature.Length) is { } head
                && head.AsSpan().SequenceEqual(signature);
        }
        catch (SourceFaultException)
        {
            // A tag that cannot be read tags nothing; the walk meets it again and lists the fault.
            return false;
        }
    }

    private ExcludeRules? ReadIgnoreFile(WalkFrame frame)
    {
        if (rules.IgnoreFileName is not { } name || !frame.Names.Contains(name))
        {
            return null;
        }

        try
        {
            var content = reader.ReadHead(frame.Folder, name, MaxIgnoreFileBytes) ?? [];
            var list = ExcludeRules.ParseFile(content, rules.IgnoresCase, out var problem);
            problem = content.Length == MaxIgnoreFileBytes ? "It is longer than 1 MiB; the rest was not applied." : problem;
            if (problem is not null)
            {
                _ready.Add(new SourceItem(null, new SourceFault(FaultCodes.IgnoreFileInvalid, frame.Folder.Display(name), problem)));
            }

            return list;
        }
        catch (SourceFaultException failure)
        {
            _ready.Add(new SourceItem(null, new SourceFault(FaultCodes.IgnoreFileInvalid, failure.Fault.Path, failure.Fault.Message)));
            return null;
        }
    }

    private static FolderNode ToNode(FolderNode parent, byte[] name, in EntryStat stat) =>
        new(parent, name, stat.DeviceId, stat.HasStableIdentity ? stat.FileId : 0);
}
