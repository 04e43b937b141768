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
    private readonly Dictionary<FolderNode, LinkedListNode<(FolderNode Node, SafeFileHandle Handle)>> _open = [];
    private readonly LinkedList<(FolderNode Node, SafeFileHandle Handle)> _recent = [];
    private bool _isDisposed;

    /// <summary>Throws <see cref="SourceFaultException"/> when the folder cannot be opened or is another one.</summary>
    public Lease Borrow(FolderNode folder)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (_recent.First is { } last && last.Value.Node == folder)
            {
                return new Lease(last.Value.Handle);
            }

            var closed = new Stack<FolderNode>();
            SafeFileHandle? handle = null;
            for (var node = folder; node is not null; node = node.Parent)
            {
                if (_open.TryGetValue(node, out var known))
                {
                    _recent.Remove(known);
                    _recent.AddFirst(known);
                    handle = known.Value.Handle;
                    break;
                }

                closed.Push(node);
            }

            while (closed.TryPop(out var node))
            {
                handle = Open(node, handle);
                Keep(node, handle);
            }

            return new Lease(handle!);
        }
    }

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

    private SafeFileHandle Open(FolderNode node, SafeFileHandle? parent)
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
