using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// The windows that contents are read into, one behind the other. Chunks are parts of them and not copies, so a window is free again when the last of its chunks is. How many there are bounds
/// the memory of all chunks on their way; what was read is wiped at the end. A copy of each chunk in pages of its own took a tenth of the processor time of what does not compress.
/// </summary>
internal sealed class ContentWindows(int windowBytes, int count, PageBlockPool? pool = null) : IDisposable
{
    private readonly BufferShelf _shelf = new(pool);

    // Holds nothing that must be given back, and may be asked after the end, by the last chunks.
    private readonly SemaphoreSlim _free = new(count);

    /// <summary>Waits until one is free.</summary>
    internal async ValueTask<SharedBuffer> RentAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        return Take();
    }

    /// <summary>The first one.</summary>
    internal SharedBuffer Rent()
    {
        _free.Wait();
        return Take();
    }

    /// <summary>Windows that chunks still hold go back with them.</summary>
    public void Dispose() => _shelf.Dispose();

    private SharedBuffer Take() => new(_shelf.Rent(windowBytes), () => _free.Release());
}
