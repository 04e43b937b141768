using Microsoft.Win32.SafeHandles;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// Keeps at most so many files open, however many are in progress: the longest unused is closed and opened again when bytes
/// for it come. More than the bound are open only while more threads than that write at once.
/// </summary>
internal sealed class HandlePool(int maxOpenFiles)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<PooledFile> _idle = [];
    private int _open;

    public int OpenCount
    {
        get
        {
            lock (_gate)
            {
                return _open;
            }
        }
    }

    /// <summary>Opens the file where it is not, and holds it open until <see cref="Release"/>.</summary>
    public SafeFileHandle Acquire(PooledFile file)
    {
        lock (_gate)
        {
            if (file.Handle is null)
            {
                while (_open >= maxOpenFiles && _idle.First is { } oldest)
                {
                    CloseLocked(oldest.Value);
                }

                file.Handle = file.Open();
                _open++;
            }
            else if (file.Users == 0)
            {
                _idle.Remove(file.Node);
            }

            file.Users++;
            return file.Handle;
        }
    }

    public void Release(PooledFile file)
    {
        lock (_gate)
        {
            if (--file.Users == 0)
            {
                _idle.AddLast(file.Node);
            }
        }
    }

    /// <summary>Closes a file that nobody uses any more.</summary>
    public void Close(PooledFile file)
    {
        lock (_gate)
        {
            if (file.Handle is not null)
            {
                CloseLocked(file);
            }
        }
    }

    private void CloseLocked(PooledFile file)
    {
        if (file.Users > 0)
        {
            throw new InvalidOperationException("A file was finished while bytes for it were being written.");
        }

        _idle.Remove(file.Node);
        file.Handle?.Dispose();
        file.Handle = null;
        _open--;
    }
}

/// <summary>One file of the pool, with the way to open it the first time and again.</summary>
internal sealed class PooledFile
{
    private readonly Func<SafeFileHandle> _open;

    public PooledFile(Func<SafeFileHandle> open)
    {
        _open = open;
        Node = new LinkedListNode<PooledFile>(this);
    }

    public LinkedListNode<PooledFile> Node { get; }

    public SafeFileHandle? Handle { get; set; }

    public int Users { get; set; }

    public SafeFileHandle Open() => _open();
}
