using System.Runtime.InteropServices;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Sources;

/// <summary>What rules say of the last of <see cref="_components"/>, and the rules that lie in folders themselves.</summary>
internal sealed partial class FileSystemWalk
{
    private const int MaxIgnoreFileBytes = 1 << 20;

    private static readonly byte[] CacheTagName = "CACHEDIR.TAG"u8.ToArray();

    private bool IsExcludedByPattern(bool isFolder)
    {
        var path = CollectionsMarshal.AsSpan(_components);
        if (!rules.Exclude.IsEmpty && rules.Exclude.Match(path, isFolder) is { } verdict)
        {
            return verdict;
        }

        // Below the folder where the walk is there are no rules yet.
        for (var level = Math.Min(path.Length, _frames.Count) - 1; level >= 0; level--)
        {
            if (_frames[level].Rules?.Match(path[level..], isFolder) is { } nearest)
            {
                return nearest;
            }
        }

        return false;
    }

    private bool IsLeftOut(in EntryStat folder) => IsExcludedByPattern(isFolder: true) || rules.SkipFolders.Contains((folder.DeviceId, folder.FileId));

    private bool IsOnThisFileSystem(in EntryStat stat) => !rules.StaysOnOneFileSystem || stat.DeviceId == _rootDevice;

    private int[] Decode(ReadOnlySpan<byte> name) => rules.HasPatterns || rules.IgnoreFileName is not null ? PatternText.Decode(name, rules.IgnoresCase) : [];

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
}
