using System.Collections.Concurrent;
using System.IO.Enumeration;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Targets;

/// <summary>
/// The directories below a folder target's root. The storage may be hostile, also as a network share whose links this machine
/// would follow: so a link below the root is never an object and never a way to one. What is checked by name can be swapped
/// afterwards; objects are new random names, so even then nothing of the machine is overwritten.
/// </summary>
internal sealed class LocalTree(string root, TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, bool> _ready = new(StringComparer.Ordinal);
    private readonly Lock _creation = new();

    public string Root => root;

    public string PathOf(ObjectName name) => Path.Join(root, name.Value);

    /// <summary>A missing object means nothing once the root is gone: a disk that was unplugged is not an empty one.</summary>
    public void ThrowIfRootIsGone()
    {
        if (!Directory.Exists(root))
        {
            throw new TargetException(TargetFault.Unavailable, $"The folder '{root}' is not there any more.");
        }
    }

    /// <summary>Whether a link stands in the way to <paramref name="relative"/> (the last component itself not counted).</summary>
    public bool IsBehindLink(string relative)
    {
        for (var slash = relative.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = relative.IndexOf('/', slash + 1))
        {
            if (IsLink(new DirectoryInfo(Path.Join(root, relative.AsSpan(0, slash)))))
            {
                return true;
            }
        }

        return false;
    }

    public void ThrowIfBehindLink(ObjectName name)
    {
        if (IsBehindLink(name.Value))
        {
            throw new TargetException(TargetFault.AccessDenied, $"'{name}' lies behind a link in '{root}'; links are not followed.");
        }
    }

    /// <summary>
    /// Makes the directory of an object and flushes every name on the way to it. Directories found are flushed too, once a process:
    /// another process may have made them and died before its own flush.
    /// </summary>
    public void Prepare(ObjectName name)
    {
        ThrowIfBehindLink(name);
        var end = name.Value.LastIndexOf('/');
        var relative = end < 0 ? "" : name.Value[..end];
        var directory = Path.Join(root, relative);
        if (_ready.ContainsKey(relative) && Directory.Exists(directory))
        {
            return;
        }

        ThrowIfRootIsGone();
        lock (_creation)
        {
            Directory.CreateDirectory(directory);
            for (var above = relative; above.Length > 0;)
            {
                above = above.LastIndexOf('/') is >= 0 and var slash ? above[..slash] : "";
                DirectorySync.Flush(Path.Join(root, above));
            }

            DurableFile.SweepTemporaries(directory, clock.GetUtcNow());
            _ready[relative] = true;
        }
    }

    public FileInfo? Find(ObjectName name)
    {
        var file = new FileInfo(PathOf(name));
        return !IsBehindLink(name.Value) && file.Exists && !IsLink(file) ? file : null;
    }

    /// <summary>All objects below a prefix: no temporaries, no links, no files that have no object's name, none that vanished meanwhile.</summary>
    public IEnumerable<ObjectStat> Enumerate(string prefix)
    {
        ThrowIfRootIsGone();
        var start = Path.Join(root, prefix);
        if (IsBehindLink(prefix) || !Directory.Exists(start))
        {
            return [];
        }

        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None, IgnoreInaccessible = false };
        return new FileSystemEnumerable<ObjectStat?>(start, (ref entry) => StatOf((FileInfo)entry.ToFileSystemInfo()), options)
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && !IsLink(ref entry),
            ShouldRecursePredicate = (ref entry) => !IsLink(ref entry),
        }.OfType<ObjectStat>();
    }

    /// <summary>On Windows many reparse points are plain files (deduplicated volumes, placeholders): only those that lead elsewhere count.</summary>
    private static bool IsLink(FileSystemInfo entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && entry.LinkTarget is not null;

    private static bool IsLink(ref FileSystemEntry entry) =>
        entry.Attributes.HasFlag(FileAttributes.ReparsePoint) && IsLink(entry.ToFileSystemInfo());

    private ObjectStat? StatOf(FileInfo file)
    {
        var relative = Path.GetRelativePath(root, file.FullName).Replace(Path.DirectorySeparatorChar, '/');
        file.Refresh();
        return ObjectName.IsValid(relative) && file.Exists ? Describe(new ObjectName(relative), file) : null;
    }

    public static ObjectStat Describe(ObjectName name, FileInfo file) => new(name, file.Length, new DateTimeOffset(file.LastWriteTimeUtc));
}
