using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// A way into one vault that asks nobody any more: a connected vault, which is kept open meanwhile, or a key that opens one. Made on the pipeline thread, used
/// there or in a job, once or once after the other.
/// </summary>
internal sealed class VaultAccess : IDisposable
{
    private readonly ConnectedVault? _connected;
    private readonly LockedVault? _locked;
    private readonly KeyChoice? _key;
    private bool _isDisposed;

    private VaultAccess(ConnectedVault? connected, LockedVault? locked, KeyChoice? key)
    {
        _connected = connected;
        _locked = locked;
        _key = key;
    }

    public static VaultAccess Of(ConnectedVault connected)
    {
        connected.Keep();
        return new VaultAccess(connected, null, null);
    }

    /// <param name="locked">Its target, too, is from now on the access's to close.</param>
    /// <param name="key">From now on the access's own.</param>
    public static VaultAccess Of(LockedVault locked, KeyChoice key) => new(null, locked, key);

    /// <summary>Runs <paramref name="work"/> with the vault open, and closes what was opened for it.</summary>
    public Task RunAsync(IEngineSink sink, Func<UnlockedVault, Task> work, CancellationToken cancellationToken) => RunAsync(sink, HostState.Default, work, cancellationToken);

    /// <summary>The same with a vault that <paramref name="work"/> sees by its own way: several runs share one that is connected, and each hears its own events.</summary>
    public async Task RunAsync(IEngineSink sink, RunLimits limits, Func<UnlockedVault, Task> work, CancellationToken cancellationToken)
    {
        using var scratch = limits.IsDryRun ? new HostScratch(HostState.Default) : null;
        await RunAsync(sink, scratch?.State ?? HostState.Default, vault => work(limits.Apply(vault, sink, isShared: _connected is not null, scratch?.State)), cancellationToken);
    }

    private async Task RunAsync(IEngineSink sink, HostState host, Func<UnlockedVault, Task> work, CancellationToken cancellationToken)
    {
        if (_connected is not null)
        {
            using (_connected.Attach(sink))
            {
                await work(_connected.Vault);
            }

            return;
        }

        using var vault = await VaultOpening.UnlockAsync(_locked!, _key!, new UnlockContext(host, sink, TimeProvider.System), cancellationToken);
        await work(vault);
    }

    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        _key?.Dispose();
        _connected?.CloseAsync().AsTask().GetAwaiter().GetResult();
        _locked?.Target.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
