using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// A writer's announcement that it is at work, so that nothing it may be using is collected. Begun before index and condemned markers are
/// listed, renewed in the background, ended when all is committed. It never blocks anybody; a crash leaves a session that lapses.
/// </summary>
public sealed class WriterSession : IAsyncDisposable
{
    /// <summary>Clocks further apart than this are reported.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromMinutes(10);

    private const int RenewalsPerLapse = 8;

    private readonly UnlockedVault _vault;

    /// <summary>As it was known at the beginning. Every announcement names its head, and whoever collects waits at least for the lapse time that stood there: a policy that changes meanwhile changes nothing for this session.</summary>
    private readonly RegisterState _register;
    private readonly CancellationTokenSource _stop;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private Task _renewals = Task.CompletedTask;
    private int _next;
    private DateTimeOffset? _announcedAt;
    private bool _hasLapsed;
    private bool _hasEnded;

    private WriterSession(UnlockedVault vault, CancellationToken cancellationToken)
    {
        _vault = vault;
        _register = vault.Register;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    public Id256 Id { get; } = Id256.Random();

    /// <summary>How far this host's clock is from the store's at the last announcement; positive when the host's is ahead.</summary>
    public TimeSpan ClockSkew { get; private set; }

    /// <summary>The store's time now, as far as the last announcement told.</summary>
    public DateTimeOffset StoreNow => _vault.Time.GetUtcNow() - ClockSkew;

    /// <summary>Whether the session was found to have lapsed at some time.</summary>
    public bool HasLapsed => _hasLapsed;

    public bool IsClockSkewed => ClockSkew.Duration() > ClockTolerance;

    /// <summary>Announces the session and goes on announcing it until it ends or the token is cancelled.</summary>
    public static async Task<WriterSession> BeginAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        var session = new WriterSession(vault, cancellationToken);
        try
        {
            await session.AnnounceAsync(cancellationToken);
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }

        if (session.IsClockSkewed)
        {
            vault.Sink.Report(new BackupEvent(
                EventSeverity.Warning, $"This computer's clock is {session.ClockSkew:c} ahead of {vault.Target.DisplayName}'s (behind, if negative).", FaultCodes.ClockSkewed));
        }

        session._renewals = session.RenewAsync(session._stop.Token);
        return session;
    }

    /// <summary>
    /// To be called before the manifest is committed, and after: announces again, and looks by the store's clock whether the session was
    /// alive all the time. A computer that slept may have missed its renewals without noticing.
    /// </summary>
    /// <returns>False when it had lapsed: what the snapshot needs may have been collected and must be looked at.</returns>
    public async Task<bool> ConfirmAliveAsync(CancellationToken cancellationToken)
    {
        await AnnounceAsync(cancellationToken);
        return !_hasLapsed;
    }

    /// <summary>Marks the end. Without it the session lapses by itself.</summary>
    /// <returns>False when it had lapsed by then, by the store's clock: what was committed last may have come too late for a collection to see.</returns>
    public async Task<bool> EndAsync(CancellationToken cancellationToken)
    {
        await StopAsync();
        if (!_hasEnded)
        {
            _hasEnded = true;

            // Should the store not answer, this computer's own clock must tell.
            _hasLapsed |= IsLapsedBy(StoreNow);
            var receipt = await PutAsync(ObjectNames.SessionEnd(Id), isEnd: true, cancellationToken);
            _hasLapsed |= IsLapsedBy(receipt.StoreTime);
        }

        return !_hasLapsed;
    }

    /// <summary>Stops announcing; writes nothing.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
        _turn.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _renewals;
    }

    private async Task RenewAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(_register.Policy.SessionLapse / RenewalsPerLapse, _vault.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                await TryAnnounceAsync(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The session ends or is given up.
        }
    }

    /// <summary>A renewal that fails may be made up for by the next seven; if not, the session lapses, and the commit finds out.</summary>
    private async Task TryAnnounceAsync(CancellationToken stop)
    {
        try
        {
            await AnnounceAsync(stop);
        }
        catch (TargetException exception)
        {
            _vault.Sink.Report(new BackupEvent(EventSeverity.Verbose, $"The session could not be announced again: {exception.Message}", exception.Code));
        }
    }

    private async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var receipt = await PutAsync(ObjectNames.Announcement(Id, _next), isEnd: false, cancellationToken);
            _hasLapsed |= IsLapsedBy(receipt.StoreTime);
            _announcedAt = receipt.StoreTime;
            ClockSkew = _vault.Time.GetUtcNow() - receipt.StoreTime;
        }
        finally
        {
            // Also where it failed: a store may keep an object and say that it did not, and then has one of that name.
            _next++;
            _turn.Release();
        }
    }

    private bool IsLapsedBy(DateTimeOffset storeTime) => storeTime - (_announcedAt ?? storeTime) > _register.Policy.SessionLapse;

    private Task<PutReceipt> PutAsync(ObjectName name, bool isEnd, CancellationToken cancellationToken)
    {
        var record = new SessionRecord(_register.Head, Id, _next, _vault.Now, isEnd);
        var bytes = SignedObject.Build(_vault.NewHeader(ObjectKind.Session, isSealed: false), record.Encode(), _vault.SelfKey);
        return _vault.Store.PutAsync(name, bytes, cancellationToken);
    }
}
