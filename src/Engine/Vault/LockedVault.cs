using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault;

/// <summary>A vault whose register is read and in itself valid. That it is the right vault shows only against a credential's pin.</summary>
public sealed class LockedVault
{
    private readonly RegisterReading _reading;
    private CatalogListing? _listing;

    private LockedVault(ObjectStore store, RegisterReading reading, CatalogListing? listing)
    {
        Store = store;
        _reading = reading;
        _listing = listing;
    }

    public VaultId Id => Register.Vault;

    public Target Target => Store.Target;

    public RegisterState Register => _reading.State;

    /// <summary>What stands in the way of the register's next entry; null where nothing does.</summary>
    public RegisterObstruction? Obstruction => _reading.Obstruction;

    /// <summary>As the vault's first entry claims.</summary>
    public DateTimeOffset CreatedAt => Register.CreatedAt.ToDateTimeOffset();

    internal ObjectStore Store { get; }

    /// <exception cref="VaultException">NotAVault, RegisterDamaged, UnsupportedFormat.</exception>
    public static Task<LockedVault> OpenAsync(Target target, CancellationToken cancellationToken) => OpenAsync(target, listing: null, cancellationToken);

    /// <param name="listing">Of the same target, begun just now for the first catalog of whoever unlocks the vault; over when this returns or throws.</param>
    /// <inheritdoc cref="OpenAsync(Target, CancellationToken)"/>
    public static async Task<LockedVault> OpenAsync(Target target, CatalogListing? listing, CancellationToken cancellationToken)
    {
        try
        {
            CryptoSelfTest.Run();
            var store = new ObjectStore(target);
            return new LockedVault(store, await RegisterLog.ReadAsync(store, cancellationToken), listing);
        }
        finally
        {
            // What it failed by is told by the listing that is made in its place.
            await (listing?.Whole ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <param name="credential">Still the caller's to dispose.</param>
    /// <exception cref="KeyException">WrongPassphrase, NoSuchUnlocker, KeyOfAnotherVault, MemberUnknown, MemberRevoked, WrongKey, WeakKeyDerivation, KeyDerivationTooCostly.</exception>
    /// <exception cref="VaultException">VaultRolledBack, VaultForked.</exception>
    /// <exception cref="IntegrityException">BundleMismatch and other damage of the owner's keys.</exception>
    public async Task<UnlockedVault> UnlockAsync(VaultCredential credential, UnlockContext context, CancellationToken cancellationToken)
    {
        if (Obstruction is not null)
        {
            context.Sink.Report(Obstruction.ToEvent());
        }

        var freshness = new Freshness(null, "");
        if (credential is PinnedCredential { Pin: var pin })
        {
            freshness = CheckAgainst(pin, "the key file");
        }
        else if (credential is SharesCredential { Pin: { } sheet })
        {
            freshness = CheckAgainst(sheet, "the recovery sheet");
        }

        var remembered = await context.Host.ReadPinsAsync(Id, context.Sink, cancellationToken);
        if (remembered is not null)
        {
            _reading.Require(new RegisterHead(0, remembered.Genesis), "this host");
            _reading.Require(remembered.Head, "this host");
            freshness = freshness.AtLeast?.Number > remembered.Head.Number ? freshness : new Freshness(remembered.Head, "this host");
        }

        var secrets = await new Unlocking(Store, Register, context).OpenAsync(credential, cancellationToken);
        var vault = new UnlockedVault(Store, Register, secrets, context, freshness, Interlocked.Exchange(ref _listing, null));
        if (remembered?.Head != Register.Head)
        {
            await context.Host.WritePinsAsync(Id, new HostPins(Register.Genesis, Register.Head, remembered?.Manifests ?? []), context.Sink, cancellationToken);
        }

        return vault;
    }

    private Freshness CheckAgainst(VaultPin pin, string whose)
    {
        if (pin.Vault != Id)
        {
            throw new KeyException(FaultCodes.KeyOfAnotherVault, $"What {whose} opens is vault {pin.Vault}; here is vault {Id}.");
        }

        _reading.Require(new RegisterHead(0, pin.Genesis), whose);
        _reading.Require(pin.Head, whose);
        return new Freshness(pin.Head, whose);
    }
}
