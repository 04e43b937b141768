using System.Collections.Concurrent;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Sftp;

/// <summary>A few connections to one server, made when they are needed. One that broke takes the idle ones with it: they lead to the same server.</summary>
internal sealed class SftpPool(SftpSettings settings, SftpLogin login, TimeProvider time, bool needsFolder = true) : IDisposable
{
    private const int MaxConnections = 4;

    /// <summary>A server that lets a connection hang holds up a call, and the end, no longer than this.</summary>
    private static readonly TimeSpan MaxClosing = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _free = new(MaxConnections);
    private readonly ConcurrentStack<SftpSession> _idle = new();
    private readonly Lock _lock = new();

    /// <summary>Ends with all closings that have begun; under the lock.</summary>
    private Task _closings = Task.CompletedTask;

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
            session = await TakeIdleAsync() ?? await ConnectAsync(guard);
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

    public void Dispose()
    {
        Task.WaitAny([CloseIdleAsync()]);
        _free.Dispose();
        lock (_lock)
        {
            // A login that was given up reads the password until it ends.
            _ = _closings.ContinueWith(_ => login.Dispose(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
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
            await CloseAsync(session);
            throw;
        }
    }

    private async Task<SftpSession?> TakeIdleAsync()
    {
        while (_idle.TryPop(out var session))
        {
            if (session.Client.IsConnected)
            {
                return session;
            }

            await CloseAsync(session);
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

        await Task.WhenAll(session is null ? Task.CompletedTask : CloseAsync(session), CloseIdleAsync());
    }

    private Task CloseIdleAsync()
    {
        var closing = new List<Task>();
        while (_idle.TryPop(out var session))
        {
            closing.Add(CloseAsync(session));
        }

        return Task.WhenAll(closing);
    }

    /// <summary>
    /// Whoever asks next must not meet what the server still does for a connection that broke; so a call waits for the closing, though not for ever.
    /// After a login that was given up nobody waits: the server does nothing for it.
    /// </summary>
    private async Task CloseAsync(SftpSession session)
    {
        var isAbandoned = session.IsLoginAbandoned;
        var closing = session.CloseAsync();
        lock (_lock)
        {
            _closings = Task.WhenAll(_closings, closing);
        }

        if (!isAbandoned)
        {
            // However it ends, the connection is not used again.
            await closing.WaitAsync(MaxClosing, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
