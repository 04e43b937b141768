namespace SecureBackup.Engine.Sources;

/// <summary>Something to be found out before the walk needs it, by whoever begins first: a helper, or else the walk, in its own way.</summary>
/// <param name="find">Called once at most.</param>
internal sealed class EarlyJob<T>(Func<T> find)
    where T : class
{
    private readonly TaskCompletionSource<T> _found = new();
    private int _isTaken;

    /// <summary>Whether <see cref="Take"/> gives something without waiting.</summary>
    public bool IsDone => _found.Task.IsCompletedSuccessfully;

    /// <summary>Whether there will be nothing to take.</summary>
    public bool IsGivenUp { get; private set; }

    /// <summary>By the walk, which does not wait for it: what was found by now, or why that failed. Nobody begins any more.</summary>
    public T? TakeIfDone()
    {
        GiveUp();
        return _found.Task.IsCompleted ? _found.Task.GetAwaiter().GetResult() : null;
    }

    /// <summary>By a helper; does nothing where somebody has begun.</summary>
    public void Run()
    {
        if (Interlocked.Exchange(ref _isTaken, 1) != 0)
        {
            return;
        }

        try
        {
            _found.SetResult(find());
        }
        catch (Exception failure)
        {
            _found.SetException(failure);
        }
    }

    /// <summary>By the walk, as often as it likes: what was found, or why that failed, waited for where a helper is at it; null where none has begun, and then none will.</summary>
    public T? Take()
    {
        GiveUp();
        return IsGivenUp ? null : _found.Task.GetAwaiter().GetResult();
    }

    private void GiveUp() => IsGivenUp |= Interlocked.Exchange(ref _isTaken, 1) == 0;
}
