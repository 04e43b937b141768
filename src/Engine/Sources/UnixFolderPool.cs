using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// Open folders, at most <paramref name="capacity"/> at once, so that neither deep trees nor entries opened late exhaust descriptors.
/// A folder that was closed is opened again from its nearest open ancestor, one name at a time without following links, and must
/// still be the folder that was walked: nobody can lead a privileged backup elsewhere by swapping a folder for a link.
/// </summary>
internal sealed class UnixFolderPool(UnixFiles files, int capacity) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Lock[] _opening = [.. Enumerable.Range(0, 32).Select(static _ => new Lock())];
    private readonly Dictionary<FolderNode, LinkedListNode<(FolderNode Node, SafeFileHandle Handle)>> _open = [];
    private readonly LinkedList<(FolderNode Node, SafeFileHandle Handle)> _recent = [];
    private bool _isDisposed;

    /// <summary>Throws <see cref="SourceFaultException"/> when the folder cannot be opened or is another one.</summary>
    public Lease Borrow(FolderNode folder) => TryBorrow(folder) ?? Open(folder);

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            foreach (var (_, handle) in _recent)
            {
                handle.Dispose();
            }

            _recent.Clear();
            _open.Clear();
        }
    }

    private Lease? TryBorrow(FolderNode folder)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_recent.First is not { } last || last.Value.Node != folder)
            {
                if (!_open.TryGetValue(folder, out var known))
                {
                    return null;
                }

                _recent.Remove(known);
                _recent.AddFirst(known);
            }

            return new Lease(_recent.First!.Value.Handle);
        }
    }

    private Lease Open(FolderNode folder)
    {
        var closed = new Stack<FolderNode>([folder]);
        Lease? found = null;
        for (var node = folder.Parent; node is not null && (found = TryBorrow(node)) is null; node = node.Parent)
        {
            closed.Push(node);
        }

        while (closed.TryPop(out var node))
        {
            using var parent = found;
            found = OpenOnce(node, parent?.Handle);
        }

        return found!.Value;
    }

    /// <summary>Others go on meanwhile: a share may take long to answer. Those that want the same folder wait for it, and a few that want another.</summary>
    private Lease OpenOnce(FolderNode node, SafeFileHandle? parent)
    {
        lock (_opening[(uint)RuntimeHelpers.GetHashCode(node) % _opening.Length])
        {
            if (TryBorrow(node) is { } lease)
            {
                return lease;
            }

            var handle = OpenIn(parent, node);
            lock (_lock)
            {
                if (_isDisposed)
                {
                    handle.Dispose();
                    ObjectDisposedException.ThrowIf(_isDisposed, this);
                }

                Keep(node, handle);
                return new Lease(handle);
            }
        }
    }

    private SafeFileHandle OpenIn(SafeFileHandle? parent, FolderNode node)
    {
        // The folder in which a root lies need not be listable; one that is walked must be.
        var handle = (parent is null ? files.OpenPlace(node.Name) : files.OpenFolder(parent, node.Name)) ?? throw files.ForFolder(node.Display());
        if (!files.Stat(handle, out var stat))
        {
            var failure = files.ForFolder(node.Display());
            handle.Dispose();
            throw failure;
        }

        if (stat.Device != node.DeviceId || (node.FileId != 0 && stat.Inode != node.FileId))
        {
            handle.Dispose();
            throw new SourceFaultException(new SourceFault(FaultCodes.EntryVanished, node.Display(), "Another folder took its place after it was listed."));
        }

        return handle;
    }

    private void Keep(FolderNode node, SafeFileHandle handle)
    {
        _open.Add(node, _recent.AddFirst((node, handle)));
        if (_open.Count > capacity)
        {
            var (oldest, oldHandle) = _recent.Last!.Value;
            _recent.RemoveLast();
            _open.Remove(oldest);
            oldHandle.Dispose();
        }
    }

    /// <summary>Keeps a handle open while it is used, also when the pool lets go of it.</summary>
    public readonly struct Lease : IDisposable
    {
        public Lease(SafeFileHandle handle)
        {
            Handle = handle;
            var isHeld = false;
            handle.DangerousAddRef(ref isHeld);
        }

        public SafeFileHandle Handle { get; }

        public void Dispose() => Handle.DangerousRelease();
    }
}
