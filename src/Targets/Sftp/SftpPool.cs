using System.Collections.Concurrent;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Sftp;

/// <summary>A few connections to one server, made when they are needed. One that broke takes the idle ones with it: they lead to the same server.</summary>
internal sealed class SftpPool(SftpSettings settings, SftpLogin login, TimeProvider time, bool needsFolder = true) : IAsyncDisposable
{
    private const int MaxConnections = 4;

    /// <summary>How long a call waits for the end of its connection that broke, and the pool for the end of the idle ones.</summary>
    private static readonly TimeSpan MaxClosing = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _free = new(MaxConnections);
    private readonly ConcurrentStack<SftpSession> _idle = new();
    private readonly Lock _lock = new();

    /// <summary>Ends with the last login that was given up; under the lock.</summary>
    private Task _abandoned = Task.CompletedTask;

    /// <summary>One call with a connection of its own.</summary>
    /// <param name="doing">What cannot be done, for errors, such as "'x' cannot be read".</param>
    /// <exception cref="TargetException">What the server or the way to it said.</exception>
    public async Task<T> UseAsync<T>(string doing, Func<SftpSession, StallGuard, Task<T>> work, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await _free.WaitAsync(cancellationToken);
        using var guard = new StallGuard(settings.StallTimeout, time, cancellationToken);
        SftpSession? session = null;
        try
        {
            session = TakeIdle() ?? await ConnectAsync(guard);
            var value = await work(session, guard);
            _idle.Push(session);
            return value;
        }
        catch (Exception exception)
        {
            await GiveBackAsync(session, exception);
            var what = $"{doing} in {settings.DisplayName}";
            throw exception switch
            {
                BackupException => exception,
                _ when cancellationToken.IsCancellationRequested => new OperationCanceledException("The call was cancelled.", exception, cancellationToken),
                OperationCanceledException => HttpFaults.Stalled(what, settings.StallTimeout, exception),
                _ => SftpFaults.From(exception, what, settings, login.Label) ?? exception,
            };
        }
        finally
        {
            _free.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await WaitAsync(Task.WhenAll(DropIdle()));
        _free.Dispose();
        if (_abandoned.IsCompleted)
        {
            login.Dispose();
        }
        else
        {
            // It reads the password until it ends.
            _ = _abandoned.ContinueWith(_ => login.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private async Task<SftpSession> ConnectAsync(StallGuard guard)
    {
        var session = new SftpSession(settings, login);
        try
        {
            await session.ConnectAsync(guard.Token);
            guard.Moved();
            if (needsFolder)
            {
                await session.RequireRootAsync(settings.DisplayName, guard.Token);
            }

            return session;
        }
        catch
        {
            if (!session.Login.IsCompleted)
            {
                lock (_lock)
                {
                    _abandoned = Task.WhenAll(_abandoned, Task.WhenAny(session.Login));
                }
            }

            _ = session.CloseAsync();
            throw;
        }
    }

    private SftpSession? TakeIdle()
    {
        while (_idle.TryPop(out var session))
        {
            if (session.Client.IsConnected)
            {
                return session;
            }

            _ = session.CloseAsync();
        }

        return null;
    }

    private async Task GiveBackAsync(SftpSession? session, Exception exception)
    {
        if (session is { Client.IsConnected: true } && !SftpFaults.IsBroken(exception))
        {
            _idle.Push(session);
            return;
        }

        DropIdle();
        if (session is not null)
        {
            // Whoever asks next must not meet what the server still does for this call. For idle connections, and those that came to nothing, it does nothing.
            await WaitAsync(session.CloseAsync());
        }
    }

    /// <returns>Their ends.</returns>
    private List<Task> DropIdle()
    {
        var ends = new List<Task>();
        while (_idle.TryPop(out var session))
        {
            ends.Add(session.CloseAsync());
        }

        return ends;
    }

    /// <summary>Not for ever: a closing may hang.</summary>
    private async Task WaitAsync(Task closing) => await Task.WhenAny(closing, Task.Delay(MaxClosing, time));
}
