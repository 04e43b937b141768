using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Vault;

/// <summary>What opening a vault needs of its surroundings.</summary>
public sealed record UnlockContext(HostState Host, IEngineSink Sink, TimeProvider Time);

/// <summary>Whether it is proven that this is not an old state of the vault put back.</summary>
/// <param name="AtLeast">The newest register head known from outside the target; null when there is none, and nothing is proven.</param>
/// <param name="Source">Who knew it.</param>
public sealed record Freshness(RegisterHead? AtLeast, string Source)
{
    public bool IsProven => AtLeast is not null;

    public override string ToString() => AtLeast is { } head
        ? $"At least as new as register entry {head.Number}, which {Source} knows."
        : "The newest state found; that it is the newest there was is not proven, since neither a key file nor this host knew the vault.";
}

/// <summary>Everything that unlocking yields; owned by the <see cref="UnlockedVault"/>.</summary>
internal sealed record VaultSecrets(SigningKey Signing, IReadOnlyDictionary<uint, EpochKeys> Epochs, IReadOnlyDictionary<uint, IdentityKey>? Identities)
{
    /// <summary>Null for a member whose keys stand in a file.</summary>
    internal OwnerAccess? Access { get; init; }
}

/// <summary>A vault with one member's keys in hand. Owns them; disposing wipes them. The target stays the caller's.</summary>
public sealed class UnlockedVault : IDisposable
{
    private readonly VaultSecrets _secrets;
    private readonly VaultReader? _reader;

    internal UnlockedVault(ObjectStore store, RegisterState register, VaultSecrets secrets, UnlockContext context, Freshness freshness)
    {
        Store = store;
        Register = register;
        _secrets = secrets;
        Context = context;
        Freshness = freshness;
        _reader = secrets.Identities is { } identities ? new VaultReader(this, identities) : null;
    }

    public VaultId Id => Register.Vault;

    public Target Target => Store.Target;

    public ObjectStore Store { get; }

    /// <summary>The newest state known; replaced when this vault appends to the register.</summary>
    public RegisterState Register { get; private set; }

    public Freshness Freshness { get; }

    public MemberId Self => _secrets.Signing.Id;

    public SigningKey SelfKey => _secrets.Signing;

    /// <summary>The keys of the newest epoch, which new objects are sealed with.</summary>
    public EpochKeys Keys => KeysOf(Register.NewestEpoch);

    public UnlockContext Context { get; }

    public HostState Host => Context.Host;

    public TimeProvider Time => Context.Time;

    public IEngineSink Sink => Context.Sink;

    /// <summary>Whether this member can open what was backed up, and not only add to it.</summary>
    public bool IsReader => _reader is not null;

    /// <summary>As the genesis entry claims.</summary>
    public DateTimeOffset CreatedAt => Register.CreatedAt.ToDateTimeOffset();

    public Timestamp Now => Timestamp.From(Time.GetUtcNow());

    /// <summary>The keys of an epoch, for objects whose header names it.</summary>
    /// <exception cref="KeyException">KeyNotGranted.</exception>
    public EpochKeys KeysOf(uint epoch) => TryKeysOf(epoch)
        ?? throw new KeyException(FaultCodes.KeyNotGranted, $"This member holds no keys of epoch {epoch}.");

    /// <summary>Null where this member was not granted them.</summary>
    public EpochKeys? TryKeysOf(uint epoch) => _secrets.Epochs.GetValueOrDefault(epoch);

    /// <exception cref="KeyException">NotAReader: a writer's key.</exception>
    public VaultReader RequireReader() => _reader
        ?? throw new KeyException(FaultCodes.NotAReader, $"The key of {Register.Find(Self)?.Name} can write backups but read nothing.");

    /// <summary>How this owner came in; null for other members.</summary>
    internal OwnerAccess? Access => _secrets.Access;

    /// <summary>The owner's keys as they are to be sealed anew. A view: its keys stay this vault's.</summary>
    /// <exception cref="KeyException">NotAnOwner.</exception>
    internal OwnerBundle BundleNow()
    {
        RequireOwner();
        return Access is { } access && _secrets.Identities is { } identities
            ? new OwnerBundle(Register.Genesis, Register.Head, SelfKey, access.Sealing, identities)
            : throw new KeyException(FaultCodes.NotAnOwner, "The vault was not opened by an owner's key.");
    }

    /// <exception cref="KeyException">NotAnOwner.</exception>
    public void RequireOwner()
    {
        if (Register.Find(Self) is not { IsRevoked: false } self || !self.Roles.HasFlag(MemberRoles.Owner))
        {
            throw new KeyException(FaultCodes.NotAnOwner, $"The key of {Register.Find(Self)?.Name} is not an owner's.");
        }
    }

    /// <summary>A fresh header for an object of this vault in the newest epoch.</summary>
    /// <param name="isSealed">False gives epoch 0: nothing in the object is sealed with an epoch's key.</param>
    public ObjectHeader NewHeader(ObjectKind kind, bool isSealed) =>
        new(kind, isSealed ? Register.NewestEpoch : 0, Id, ObjectId.Random());

    public void Dispose()
    {
        _secrets.Access?.Dispose();
        _secrets.Signing.Dispose();
        foreach (var keys in _secrets.Epochs.Values)
        {
            keys.Dispose();
        }

        foreach (var identity in _secrets.Identities?.Values ?? [])
        {
            identity.Dispose();
        }
    }

    /// <summary>Takes in what was added to the register since it was read: a vault may stay open for days.</summary>
    /// <exception cref="VaultException">RegisterDamaged, UnsupportedFormat.</exception>
    public async Task RefreshAsync(CancellationToken cancellationToken) =>
        Register = await RegisterLog.ReadOnAsync(Store, Register, cancellationToken) ?? Register;

    /// <summary>Signs and stores a register entry as this owner.</summary>
    /// <exception cref="VaultException">RegisterConflict, MoreSignaturesNeeded.</exception>
    internal async Task AppendAsync(IReadOnlyList<RegisterChange> changes, CancellationToken cancellationToken)
    {
        RequireOwner();
        Register = await RegisterLog.AppendAsync(Store, Register, new RegisterAmendment(changes, [SelfKey], Now), cancellationToken);
    }
}

/// <summary>The right to read: exists only where the vault's private keys are in hand.</summary>
public sealed class VaultReader
{
    private readonly IReadOnlyDictionary<uint, IdentityKey> _identities;

    internal VaultReader(UnlockedVault vault, IReadOnlyDictionary<uint, IdentityKey> identities)
    {
        Vault = vault;
        _identities = identities;
    }

    public UnlockedVault Vault { get; }

    /// <summary>The vault's private key of an epoch; opens packs and owner parts whose header names it.</summary>
    /// <exception cref="KeyException">KeyNotGranted.</exception>
    public IdentityKey IdentityOf(uint epoch) => _identities.GetValueOrDefault(epoch)
        ?? throw new KeyException(FaultCodes.KeyNotGranted, $"The owner's keys do not hold the vault's private key of epoch {epoch}.");
}
