using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Binding;

/// <summary>A vault that has no key yet. The way to it, which may be a connection, is closed with this, unless somebody keeps it.</summary>
internal sealed class ReachedVault(LockedVault vault) : IDisposable
{
    private bool _isKept;

    public LockedVault Vault { get; } = vault;

    /// <summary>From now on the caller's to close.</summary>
    public LockedVault Keep()
    {
        _isKept = true;
        return Vault;
    }

    public void Dispose()
    {
        if (!_isKept)
        {
            _isKept = true;
            Vault.Target.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    }
}
