using System.Collections.Immutable;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// Everything that unlocking yields; owned by the <see cref="UnlockedVault"/>. Epochs that begin while the vault is open are added as the register grants them, and
/// nothing is ever taken away: a run that began in an old epoch ends in it. Safe for many threads.
/// </summary>
internal sealed class VaultSecrets : IDisposable
{
    private readonly Lock _gate = new();
    private readonly IdentityKey _sealing;
    private readonly ImmutableDictionary<uint, IdentityKey> _ownIdentities;
    private readonly List<EpochKeys> _replaced = [];
    private volatile ImmutableSortedDictionary<uint, EpochKeys> _epochs = ImmutableSortedDictionary<uint, EpochKeys>.Empty;

    private VaultSecrets(SigningKey signing, IdentityKey sealing, IReadOnlyDictionary<uint, IdentityKey> identities)
    {
        Signing = new SigningKey(signing.Bytes);
        _sealing = new IdentityKey(sealing.Bytes);
        _ownIdentities = identities.ToImmutableDictionary(static pair => pair.Key, static pair => new IdentityKey(pair.Value.Bytes));
    }

    internal SigningKey Signing { get; }

    /// <summary>How an owner's bundle was opened; null for a member whose keys stand in a file.</summary>
    internal OwnerAccess? Access { get; private set; }

    /// <summary>Whether this member holds any of the vault's private keys.</summary>
    internal bool HasIdentities => !_ownIdentities.IsEmpty || _epochs.Values.Any(static keys => keys.Identity is not null);

    /// <param name="identities">From the owner's bundle. All keys given are copied.</param>
    /// <param name="access">Owned from here on.</param>
    /// <exception cref="KeyException">MemberRevoked; KeyNotGranted: the newest epoch's keys are not granted; WrongKey.</exception>
    internal static VaultSecrets Open(SigningKey signing, IdentityKey sealing, IReadOnlyDictionary<uint, IdentityKey> identities, RegisterState register, OwnerAccess? access = null)
    {
        if (register.Find(signing.Id) is { IsRevoked: true } revoked)
        {
            access?.Dispose();
            throw new KeyException(FaultCodes.MemberRevoked, $"The key of {revoked.Name} was revoked.");
        }

        var secrets = new VaultSecrets(signing, sealing, identities) { Access = access };
        try
        {
            secrets.TakeGrants(register);
            return secrets.TryKeysOf(register.NewestEpoch) is not null
                ? secrets
                : throw new KeyException(FaultCodes.KeyNotGranted, $"The vault's register grants this member no keys of epoch {register.NewestEpoch}.");
        }
        catch
        {
            secrets.Dispose();
            throw;
        }
    }

    internal EpochKeys? TryKeysOf(uint epoch) => _epochs.GetValueOrDefault(epoch);

    /// <summary>The vault's private key of an epoch, from the bundle or from a grant.</summary>
    internal IdentityKey? TryIdentityOf(uint epoch) => _ownIdentities.GetValueOrDefault(epoch) ?? TryKeysOf(epoch)?.Identity;

    /// <param name="access">Owned from here on; the one before is wiped.</param>
    internal void Take(OwnerAccess access)
    {
        Access?.Dispose();
        Access = access;
    }

    /// <summary>What an owner's bundle holds when it is sealed now. A view: its keys stay this object's.</summary>
    internal OwnerBundle BundleFor(RegisterState register)
    {
        var identities = register.Epochs.Keys.Select(epoch => (Epoch: epoch, Key: TryIdentityOf(epoch))).Where(static pair => pair.Key is not null);
        return new OwnerBundle(register.Genesis, register.Head, Signing, _sealing, identities.ToDictionary(static pair => pair.Epoch, static pair => pair.Key!));
    }

    /// <summary>Opens what was sealed to this member alone; null when it was sealed to another.</summary>
    internal Primitives.OwnedBuffer? TryOpenOwn(in Primitives.ObjectHeader header, SealPurpose purpose, ReadOnlySpan<byte> envelope, int maxBytes) =>
        KemEnvelope.TryOpen(_sealing, header, purpose, envelope, maxBytes);

    /// <summary>Opens what the register grants this member and what is not open yet.</summary>
    /// <exception cref="KeyException">WrongKey.</exception>
    /// <exception cref="IntegrityException">BundleMismatch: a grant holds another private key than the register's public one.</exception>
    internal void TakeGrants(RegisterState register)
    {
        lock (_gate)
        {
            foreach (var epoch in register.Epochs.Keys)
            {
                if (register.Grants.TryGetValue((Signing.Id, epoch), out var grant) && TryKeysOf(epoch)?.Grant != grant.Id)
                {
                    Take(grant, register);
                }
            }
        }
    }

    /// <summary>Opens what a register that does not stand yet would grant, and forgets it again.</summary>
    /// <inheritdoc cref="TakeGrants"/>
    internal void Try(RegisterState register)
    {
        foreach (var epoch in register.Epochs.Keys)
        {
            if (register.Grants.TryGetValue((Signing.Id, epoch), out var grant) && TryKeysOf(epoch)?.Grant != grant.Id)
            {
                Open(grant, register).Dispose();
            }
        }
    }

    public void Dispose()
    {
        Access?.Dispose();
        Signing.Dispose();
        _sealing.Dispose();
        foreach (var keys in _epochs.Values.Concat(_replaced))
        {
            keys.Dispose();
        }

        foreach (var identity in _ownIdentities.Values)
        {
            identity.Dispose();
        }
    }

    private EpochKeys Open(KeyGrant grant, RegisterState register)
    {
        var keys = EpochKeys.Open(grant, _sealing, register.Vault);
        if (keys.Identity is { } identity && !identity.Recipient.Equals(register.Epochs[grant.Epoch]))
        {
            keys.Dispose();
            throw new IntegrityException(FaultCodes.BundleMismatch, $"The grant of epoch {grant.Epoch} holds another vault key than the register names.");
        }

        return keys;
    }

    private void Take(KeyGrant grant, RegisterState register)
    {
        var keys = Open(grant, register);

        // Whoever took the old ones a moment ago may still be sealing with them.
        if (TryKeysOf(grant.Epoch) is { } replaced)
        {
            _replaced.Add(replaced);
        }

        _epochs = _epochs.SetItem(grant.Epoch, keys);
    }
}
