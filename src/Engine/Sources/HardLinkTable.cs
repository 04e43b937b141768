using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Sources;

/// <summary>Remembers the first name of each file that has several, until all its names were seen.</summary>
internal sealed class HardLinkTable
{
    private readonly Dictionary<(ulong Device, ulong File), (EntryPath First, uint Left)> _files = [];

    public int Count => _files.Count;

    /// <summary>The first name of this file, or null if this is it.</summary>
    public EntryPath? FirstNameOf(in EntryStat stat, EntryPath path)
    {
        // Ids that a file system makes up may come back for another file: linking those would mix up contents.
        if (stat.LinkCount < 2 || !stat.HasStableIdentity)
        {
            return null;
        }

        var key = (stat.DeviceId, stat.FileId);
        if (!_files.TryGetValue(key, out var known))
        {
            _files.Add(key, (path, stat.LinkCount - 1));
            return null;
        }

        if (known.Left <= 1)
        {
            _files.Remove(key);
        }
        else
        {
            _files[key] = known with { Left = known.Left - 1 };
        }

        return known.First;
    }
}
