using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Drives;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// A vault that is open for following cmdlets. Its events go to whichever cmdlet uses it at the moment. It stays open until it is closed and every job that
/// uses it has ended, whichever comes last.
/// </summary>
internal sealed class ConnectedVault(string path, UnlockedVault vault, Target target, RelaySink relay)
{
    private int _users = 1;

    public string Path { get; } = path;

    public UnlockedVault Vault { get; } = vault;

    /// <summary>What the drives of this vault know of it.</summary>
    public VaultBrowsing Browsing => field ??= new VaultBrowsing(Vault);

    /// <summary>Opens a vault to stay open.</summary>
    public static async Task<ConnectedVault> OpenAsync(string path, LockedVault locked, KeyChoice key, IEngineSink sink, CancellationToken cancellationToken)
    {
        var relay = new RelaySink();
        using (relay.Attach(sink))
        {
            var vault = await VaultOpening.UnlockAsync(locked, key, relay, cancellationToken);
            return new ConnectedVault(path, vault, locked.Target, relay);
        }
    }

    public IDisposable Attach(IEngineSink sink) => relay.Attach(sink);

    /// <summary>Keeps it open until <see cref="CloseAsync"/> is called once more; for a vault that is known to be open.</summary>
    public void Keep() => Interlocked.Increment(ref _users);

    /// <summary>Wipes the keys, unless somebody keeps it open: then the last to close does.</summary>
    public async ValueTask CloseAsync()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Browsing.Dispose();
            Vault.Dispose();
            await target.DisposeAsync();
        }
    }
}

/// <summary>Passes events on to the listener that came last; without one they are dropped.</summary>
internal sealed class RelaySink : IEngineSink
{
    private readonly Lock _gate = new();
    private readonly List<IEngineSink> _listeners = [];

    public void Report(BackupEvent backupEvent)
    {
        IEngineSink? listener;
        lock (_gate)
        {
            listener = _listeners.Count == 0 ? null : _listeners[^1];
        }

        listener?.Report(backupEvent);
    }

    public IDisposable Attach(IEngineSink sink)
    {
        lock (_gate)
        {
            _listeners.Add(sink);
        }

        return new Attachment(this, sink);
    }

    private void Detach(IEngineSink sink)
    {
        lock (_gate)
        {
            _listeners.Remove(sink);
        }
    }

    private sealed class Attachment(RelaySink relay, IEngineSink sink) : IDisposable
    {
        public void Dispose() => relay.Detach(sink);
    }
}
