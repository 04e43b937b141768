namespace SecureBackup.Engine.Destinations;

/// <summary>
/// The files and folders that this restore made or found to be the same, by device and file number. Two stored names that mean one
/// file here meet in it, and hard links go to nothing else. Numbers of new files are dense, so that a bit each is enough for
/// tens of millions of entries. Not thread-safe.
/// </summary>
internal sealed class MadeEntries
{
    private const int PageBits = 9;

    private readonly Dictionary<(ulong Device, ulong Page), ulong[]> _pages = [];

    public bool Contains(ExistingEntry entry)
    {
        var (page, word, bit) = Locate(entry.FileId);
        return _pages.TryGetValue((entry.DeviceId, page), out var words) && (words[word] & bit) != 0;
    }

    /// <returns>Whether it was not in it.</returns>
    public bool Add(ExistingEntry entry)
    {
        var (page, word, bit) = Locate(entry.FileId);
        if (!_pages.TryGetValue((entry.DeviceId, page), out var words))
        {
            words = new ulong[1 << (PageBits - 6)];
            _pages.Add((entry.DeviceId, page), words);
        }

        var isNew = (words[word] & bit) == 0;
        words[word] |= bit;
        return isNew;
    }

    public void Remove(ExistingEntry entry)
    {
        var (page, word, bit) = Locate(entry.FileId);
        if (_pages.TryGetValue((entry.DeviceId, page), out var words))
        {
            words[word] &= ~bit;
        }
    }

    private static (ulong Page, int Word, ulong Bit) Locate(ulong fileId)
    {
        var inPage = (int)(fileId & ((1UL << PageBits) - 1));
        return (fileId >> PageBits, inPage >> 6, 1UL << (inPage & 63));
    }
}
