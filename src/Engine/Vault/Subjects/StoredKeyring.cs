using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Vault.Subjects;

/// <summary>The keyring that the register names, read leaf by leaf with flat memory. Safe for many threads.</summary>
internal sealed class StoredKeyring : IDisposable
{
    private const int LeavesInMemory = 16;

    private readonly UnlockedVault _vault;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly LinkedList<SubjectLeaf> _recent = new();

    private StoredKeyring(UnlockedVault vault, KeyringRootObject root, KeyringMap map)
    {
        _vault = vault;
        Root = root;
        Map = map;
    }

    internal KeyringRootObject Root { get; }

    internal KeyringMap Map { get; }

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
        return new StoredKeyring(vault, root, await ErasureEpoch.OpenAsync(vault, root, cancellationToken));
    }

    /// <summary>Calls <paramref name="read"/> with the leaf of a bucket, which it must not keep; not at all where the bucket is empty.</summary>
    /// <exception cref="VaultException">KeyringDamaged.</exception>
    internal async Task ReadLeafAsync(uint bucket, Action<SubjectLeaf> read, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var recent = _recent.FirstOrDefault(leaf => leaf.Bucket == bucket);
            if (recent is null && await LoadAsync(bucket, cancellationToken) is { } loaded)
            {
                recent = loaded;
                if (_recent.Count == LeavesInMemory)
                {
                    _recent.Last!.Value.Dispose();
                    _recent.RemoveLast();
                }

                _recent.AddFirst(loaded);
            }

            if (recent is not null)
            {
                read(recent);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The leaf of a bucket, the caller's to dispose of; null where the bucket is empty.</summary>
    /// <exception cref="VaultException">KeyringDamaged.</exception>
    internal async Task<SubjectLeaf?> LoadAsync(uint bucket, CancellationToken cancellationToken)
    {
        if (Map.Find(bucket).IsEmpty)
        {
            return null;
        }

        var name = ObjectNames.KeyringObject(ObjectNames.KeyringLeaves, KeyringMap.LeafAt(Map.Find(bucket)));
        try
        {
            var stored = await _vault.Store.TryReadAsync(name, SubjectLeaf.MaxBytes, cancellationToken)
                ?? throw new VaultException(FaultCodes.KeyringDamaged, $"The keyring's leaf '{name}' is missing on {_vault.Target.DisplayName}.");
            return SubjectLeaf.Open(_vault.Id, Map.Find(bucket), Map.Bits, stored.Bytes);
        }
        catch (IntegrityException exception)
        {
            throw new VaultException(FaultCodes.KeyringDamaged, $"The keyring's leaf '{name}' is refused: {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        foreach (var leaf in _recent)
        {
            leaf.Dispose();
        }

        Map.Dispose();
        _turn.Dispose();
    }
}
