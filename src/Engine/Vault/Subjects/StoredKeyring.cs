using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>The keyring that the register names, read leaf by leaf with flat memory. Safe for many threads.</summary>
internal sealed class StoredKeyring : IDisposable
{
    private const int LeavesInMemory = 16;

    private readonly UnlockedVault _vault;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly LinkedList<(int Slot, SubjectLeaf Leaf)> _recent = new();

    private StoredKeyring(UnlockedVault vault, KeyringRootObject root, KeyringMap map, ObjectName epoch)
    {
        _vault = vault;
        Root = root;
        Map = map;
        Epoch = epoch;
    }

    internal KeyringRootObject Root { get; }

    internal KeyringMap Map { get; }

    /// <summary>The erasure epoch that opened the root.</summary>
    internal ObjectName Epoch { get; }

    /// <summary>Null where the vault has no keyring yet.</summary>
    /// <exception cref="VaultException">KeyringDamaged.</exception>
    /// <exception cref="KeyException">KeyringNotGranted.</exception>
    internal static async Task<StoredKeyring?> OpenAsync(UnlockedVault vault, CancellationToken cancellationToken)
    {
        if (vault.Register.KeyringRoot is not { } named)
        {
            return null;
        }

        var root = await KeyringRootObject.ReadAsync(vault, named, cancellationToken);
        var (map, epoch) = await ErasureEpoch.OpenAsync(vault, root, cancellationToken);
        return new StoredKeyring(vault, root, map, epoch);
    }

    /// <summary>Calls <paramref name="read"/> with each leaf of a bucket, in order, which it must not keep; not at all where the bucket is empty.</summary>
    /// <exception cref="VaultException">KeyringDamaged.</exception>
    internal async Task ReadLeavesAsync(uint bucket, Action<SubjectLeaf> read, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var (start, end) = Map.RangeOf(bucket);
            for (var slot = start; slot < end; slot++)
            {
                read(_recent.FirstOrDefault(recent => recent.Slot == slot).Leaf ?? await RememberAsync(slot, cancellationToken));
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The leaf of a slot, the caller's to dispose of.</summary>
    /// <exception cref="VaultException">KeyringDamaged.</exception>
    internal async Task<SubjectLeaf> LoadAsync(int slot, CancellationToken cancellationToken)
    {
        var name = ObjectNames.KeyringObject(ObjectNames.KeyringLeaves, KeyringMap.LeafAt(Map.At(slot)));
        try
        {
            return await _vault.Store.TryReadAsync(name, SubjectLeaf.MaxBytes, stored => SubjectLeaf.Open(_vault.Id, Map.At(slot), Map.Bits, stored.Bytes), cancellationToken)
                ?? throw new VaultException(FaultCodes.KeyringDamaged, $"The keyring's leaf '{name}' is missing on {_vault.Target.DisplayName}.");
        }
        catch (IntegrityException exception)
        {
            throw new VaultException(FaultCodes.KeyringDamaged, $"The keyring's leaf '{name}' is refused: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        foreach (var (_, leaf) in _recent)
        {
            leaf.Dispose();
        }

        Map.Dispose();
        _turn.Dispose();
    }

    private async Task<SubjectLeaf> RememberAsync(int slot, CancellationToken cancellationToken)
    {
        var loaded = await LoadAsync(slot, cancellationToken);
        if (_recent.Count == LeavesInMemory)
        {
            _recent.Last!.Value.Leaf.Dispose();
            _recent.RemoveLast();
        }

        _recent.AddFirst((slot, loaded));
        return loaded;
    }
}
