using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Destinations;

/// <summary>
/// The file systems that a restore writes to, and which of them may hold something that is not on the disk yet: a flush asks those, no others of the machine, and none when
/// nothing was changed since the last. Changes are noted when they are done, so that a flush which runs meanwhile leaves them to the next.
/// </summary>
internal sealed class UnflushedSystems : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Lock _flushing = new();
    private FolderException? _failure;
    private readonly Dictionary<ulong, MetSystem> _met = [];

    /// <summary>Something in <paramref name="folder"/> is right already. Whoever put it there, as an attempt that was cut off, need not have flushed it: so a file system that is new here is flushed once.</summary>
    internal void Meet(DestinationFolder folder, byte[] name, ExistingEntry entry)
    {
        lock (_gate)
        {
            Find(folder, entry.Kind == EntryKind.Directory ? name : null, entry.DeviceId);
        }
    }

    internal void Change(DestinationFolder folder, byte[] name, ExistingEntry entry)
    {
        lock (_gate)
        {
            Find(folder, entry.Kind == EntryKind.Directory ? name : null, entry.DeviceId).IsUnflushed = true;
        }
    }

    internal void Remove(DestinationFolder folder, ExistingEntry removed)
    {
        lock (_gate)
        {
            Find(folder, null, removed.DeviceId).IsUnflushed = true;
        }
    }

    /// <exception cref="FolderException">A disk failed or is full. A system tells that once, so every later flush says it again.</exception>
    internal void Flush(DestinationSystem host)
    {
        lock (_flushing)
        {
            if (_failure is { } earlier)
            {
                throw new FolderException(earlier.Error, earlier.Message);
            }

            FlushOnce(host);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var system in _met.Values)
            {
                system.Handle?.Dispose();
            }
        }
    }

    private void FlushOnce(DestinationSystem host)
    {
        var systems = Take();
        try
        {
            foreach (var handle in systems.Select(static system => system.Handle).OfType<SafeFileHandle>())
            {
                host.Sync(handle);
            }

            if (systems.Exists(static system => system.Handle is null))
            {
                host.SyncAll();
            }
        }
        catch (FolderException failure)
        {
            _failure = failure;
            throw;
        }
    }

    private List<MetSystem> Take()
    {
        lock (_gate)
        {
            var taken = _met.Values.Where(static system => system.IsUnflushed).ToList();
            taken.ForEach(static system => system.IsUnflushed = false);
            return taken;
        }
    }

    /// <param name="name">A folder may be the top of another file system than the one that it stands in; null for what cannot.</param>
    private MetSystem Find(DestinationFolder folder, byte[]? name, ulong device)
    {
        if (!_met.TryGetValue(device, out var system))
        {
            system = new MetSystem(folder.TryOpenToFlush(name));
            _met.Add(device, system);
        }

        return system;
    }

    /// <param name="handle">Held from the first change on, since a handle tells the failures that came after it was opened. Null where only all can be flushed together.</param>
    private sealed class MetSystem(SafeFileHandle? handle)
    {
        public SafeFileHandle? Handle { get; } = handle;

        public bool IsUnflushed { get; set; } = true;
    }
}
