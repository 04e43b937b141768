using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// A vault on the way from its place to a key. The way, which may be a connection, and the keys that it was opened with are closed with this, unless somebody takes them over: also where the work
/// ended well and what it wrote ended the pipeline, as a warning does that is to stop it.
/// </summary>
internal sealed class ReachedVault : IDisposable
{
    private Target? _target;
    private LockedVault? _locked;
    private ConnectedVault? _connected;

    /// <summary>The vault without a key.</summary>
    public LockedVault Locked => _locked ?? throw new InvalidOperationException("The vault was not reached.");

    /// <param name="listsSnapshots">List the snapshots meanwhile: they are the first that is asked for.</param>
    public async Task OpenAsync(TargetAccess access, bool listsSnapshots, CancellationToken cancellationToken)
    {
        _target = access.Open();
        var listing = listsSnapshots && !_target.Capabilities.IsNear ? CatalogListing.Begin(_target, TimeProvider.System, cancellationToken) : null;
        _locked = await LockedVault.OpenAsync(_target, listing, cancellationToken);
    }

    public async Task<ConnectedVault> ConnectAsync(string path, KeyChoice key, IEngineSink sink, CancellationToken cancellationToken) =>
        _connected = await ConnectedVault.OpenAsync(path, Locked, key, sink, cancellationToken);

    /// <summary>From now on the caller's to close.</summary>
    public LockedVault Take()
    {
        _target = null;
        return Locked;
    }

    /// <inheritdoc cref="Take"/>
    public ConnectedVault TakeConnected()
    {
        var connected = _connected ?? throw new InvalidOperationException("The vault was not connected.");
        (_connected, _target) = (null, null);
        return connected;
    }

    public void Dispose()
    {
        // A connected vault closes the way to it as well.
        var closed = _connected?.CloseAsync() ?? _target?.DisposeAsync() ?? ValueTask.CompletedTask;
        (_connected, _target) = (null, null);
        closed.AsTask().GetAwaiter().GetResult();
    }
}
