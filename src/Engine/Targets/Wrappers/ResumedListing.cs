using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>
/// A listing that goes on after it broke off: behind the last item where the target lists in order; else from its start, without what it has yielded, of which 16 bytes
/// an item are kept.
/// </summary>
/// <param name="open">Begins it, behind an item where one is given.</param>
/// <param name="keyOf">Null where <paramref name="open"/> can begin behind an item.</param>
internal sealed class ResumedListing<T>(Func<T?, IAsyncEnumerable<T>> open, Func<T, UInt128>? keyOf, CancellationToken cancellationToken) : IAsyncDisposable
    where T : class
{
    private readonly HashSet<UInt128> _yielded = [];
    private IAsyncEnumerator<T>? _items;
    private T? _last;

    public T Current => _last!;

    public async Task<bool> MoveNextAsync()
    {
        try
        {
            _items ??= open(_last).GetAsyncEnumerator(cancellationToken);
            while (await _items.MoveNextAsync())
            {
                if (keyOf is null || _yielded.Add(keyOf(_items.Current)))
                {
                    _last = _items.Current;
                    return true;
                }
            }

            return false;
        }
        catch (TargetException)
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _items, null) is { } items)
        {
            await items.DisposeAsync();
        }
    }
}
