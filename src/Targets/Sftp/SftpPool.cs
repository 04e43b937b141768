using System.Collections.Concurrent;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Sftp;

/// <summary>A few connections to one server, made when they are needed. One that broke takes the idle ones with it: they lead to the same server.</summary>
internal sealed class SftpPool(SftpSettings settings, SftpLogin login, TimeProvider time, bool needsFolder = true) : IDisposable
{
    private const int MaxConnections = 4;

    private readonly SemaphoreSlim _free = new(MaxConnections);
    private readonly ConcurrentStack<SftpSession> _idle = new();

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
            GiveBack(session, exception);
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
        DropIdle();
        _free.Dispose();
        login.Dispose();
    }

    private async Task<SftpSession> ConnectAsync(StallGuard guard)
    {
        var session = await SftpSession.ConnectAsync(settings, login, guard.Token);
        try
        {
            guard.Moved();
            if (needsFolder)
            {
                await session.RequireRootAsync(settings.DisplayName, guard.Token);
            }

            return session;
        }
        catch
        {
            session.Dispose();
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

            session.Dispose();
        }

        return null;
    }

    private void GiveBack(SftpSession? session, Exception exception)
    {
        if (session is { Client.IsConnected: true } && !SftpFaults.IsBroken(exception))
        {
            _idle.Push(session);
            return;
        }

        session?.Dispose();
        DropIdle();
    }

    private void DropIdle()
    {
        while (_idle.TryPop(out var session))
        {
            session.Dispose();
        }
    }
}
