namespace SecureBackup.Engine.Targets;

/// <summary>A listing whose first answer is under way while something else is asked for. To be read once.</summary>
internal sealed class ListingAhead : IAsyncDisposable
{
    private readonly IAsyncEnumerator<ObjectStat> _stats;
    private readonly Task<bool> _first;

    internal ListingAhead(Target target, string folder, CancellationToken cancellationToken)
    {
        _stats = target.ListAsync(folder, cancellationToken).GetAsyncEnumerator(cancellationToken);
        _first = _stats.MoveNextAsync().AsTask();
    }

    internal async IAsyncEnumerable<ObjectStat> ReadAsync()
    {
        for (var has = await _first; has; has = await _stats.MoveNextAsync())
        {
            yield return _stats.Current;
        }
    }

    /// <summary>Where nobody reads it, something else has failed, and that is what is told.</summary>
    public async ValueTask DisposeAsync()
    {
        await ((Task)_first).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _stats.DisposeAsync();
    }
}
