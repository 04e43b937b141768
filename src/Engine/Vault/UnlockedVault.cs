using SecureBackup.Engine.Chunking;
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

/// <summary>A vault with one member's keys in hand. Owns them; disposing wipes them. The target stays the caller's.</summary>
public sealed class UnlockedVault : IDisposable
{
    private readonly VaultSecrets _secrets;
    private readonly VaultReader _reader;
    private RegisterObstruction? _obstruction;
    private CatalogListing? _listing;
    private readonly UnlockedVault? _origin;
    private RegisterState _register;

    internal UnlockedVault(ObjectStore store, RegisterState register, VaultSecrets secrets, UnlockContext context, Freshness freshness, CatalogListing? listing = null)
    {
        Store = store;
        _listing = listing;
        _register = register;
        _secrets = secrets;
        Context = context;
        Freshness = freshness;
        _reader = new VaultReader(this, secrets);
    }

    /// <summary>A view of <paramref name="origin"/>, whose keys and register it uses.</summary>
    private UnlockedVault(UnlockedVault origin, ObjectStore store, UnlockContext context)
        : this(store, origin.Register, origin._secrets, context, origin.Freshness)
    {
        _origin = origin;
        TrafficMark = origin.TrafficMark;
    }

    public VaultId Id => Register.Vault;

    public Target Target => Store.Target;

    public ObjectStore Store { get; }

    /// <summary>The newest state known; replaced by <see cref="RefreshAsync"/>, and when this vault, or a view of it, appends to the register.</summary>
    public RegisterState Register
    {
        get => _origin?.Register ?? _register;
        private set
        {
            if (_origin is null)
            {
                _register = value;
            }
            else
            {
                _origin.Register = value;
            }
        }
    }

    public Freshness Freshness { get; }

    public MemberId Self => _secrets.Signing.Id;

    public SigningKey SelfKey => _secrets.Signing;

    /// <summary>
    /// The keys of the newest epoch, which new objects are sealed with. An epoch may begin at any time: whoever needs several of them takes this once.
    /// </summary>
    /// <exception cref="KeyException">MemberRevoked, KeyNotGranted.</exception>
    public EpochKeys Keys => TryKeysOf(Register.NewestEpoch) ?? (Register.Find(Self) is { IsRevoked: true } self
        ? throw new KeyException(FaultCodes.MemberRevoked, $"The key of {self.Name} was revoked.")
        : KeysOf(Register.NewestEpoch));

    /// <summary>As the vault's parameters name it: all hosts cut alike.</summary>
    /// <exception cref="VaultException">UnsupportedFormat: this version does not know the name.</exception>
    /// <exception cref="KeyException">MemberRevoked, KeyNotGranted.</exception>
    public IChunker CreateChunker() => ChunkerCatalog.Create(Register.Parameters.ChunkerName, Keys.Chunker.Bytes);

    public UnlockContext Context { get; }

    public HostState Host => Context.Host;

    /// <summary>What the target had sent before this vault's own work. Of a vault that was opened for it the opening counts too.</summary>
    public TargetTraffic TrafficMark { get; set; } = TargetTraffic.None;

    /// <summary>Nothing that this host verified before is taken for verified: of a run that judges what the store keeps, or deletes there.</summary>
    internal bool VerifiesAnew { get; set; }

    public TimeProvider Time => Context.Time;

    public IEngineSink Sink => Context.Sink;

    /// <summary>Whether this member can open what was backed up, and not only add to it.</summary>
    public bool IsReader => _secrets.HasIdentities;

    /// <summary>As the genesis entry claims.</summary>
    public DateTimeOffset CreatedAt => Register.CreatedAt.ToDateTimeOffset();

    public Timestamp Now => Timestamp.From(Time.GetUtcNow());

    /// <summary>The keys of an epoch, for objects whose header names it.</summary>
    /// <exception cref="KeyException">KeyNotGranted.</exception>
    public EpochKeys KeysOf(uint epoch) => TryKeysOf(epoch)
        ?? throw new KeyException(FaultCodes.KeyNotGranted, $"This member holds no keys of epoch {epoch}.");

    /// <summary>Null where this member was not granted them.</summary>
    public EpochKeys? TryKeysOf(uint epoch) => _secrets.TryKeysOf(epoch);

    /// <exception cref="KeyException">NotAReader: a key without the vault's private keys.</exception>
    public VaultReader RequireReader() => IsReader
        ? _reader
        : throw new KeyException(FaultCodes.NotAReader, $"The key of {Register.Find(Self)?.Name} cannot read what was backed up.");

    /// <summary>
    /// Whether something that is no entry lay in the place of the next one when the register was read last. It may be one that is damaged: what no entry names and nobody is entitled to may be
    /// named and entitled by that one.
    /// </summary>
    internal bool IsObstructed => _obstruction is not null;

    /// <summary>How this owner came in; null for other members.</summary>
    internal OwnerAccess? Access => _secrets.Access;

    /// <summary>What was listed while the vault was opened. For its first catalog: there is none the second time.</summary>
    internal CatalogListing? TakeListing() => _origin is null ? Interlocked.Exchange(ref _listing, null) : _origin.TakeListing();

    /// <summary>The owner's keys as they are to be sealed anew, with the private key of every epoch that it holds. A view: its keys stay this vault's.</summary>
    /// <exception cref="KeyException">NotAnOwner.</exception>
    internal OwnerBundle BundleNow()
    {
        RequireOwner();
        return _secrets.BundleFor(Register);
    }

    /// <summary>This owner's keys lie under another bundle key from now on.</summary>
    internal void TakeAccess(OwnerAccess access) => _secrets.Take(access);

    /// <summary>What a credential that is exported now knows of the vault.</summary>
    internal VaultPin PinNow() => new(Id, Register.Genesis, Register.Head);

    /// <exception cref="KeyException">NotAnOwner, MemberRevoked.</exception>
    public void RequireOwner()
    {
        if (!RequireSelf().Roles.HasFlag(MemberRoles.Owner))
        {
            throw new KeyException(FaultCodes.NotAnOwner, $"The key of {Register.Find(Self)?.Name} is not an owner's.");
        }
    }

    /// <summary>To be asked before any work of that role: what is signed without the right counts nowhere. Owners hold all rights.</summary>
    /// <exception cref="KeyException">RoleMissing, MemberRevoked.</exception>
    public void RequireRole(MemberRoles role)
    {
        var self = RequireSelf();
        if (!self.Has(role))
        {
            throw new KeyException(FaultCodes.RoleMissing, $"The key of {self.Name} has the role {MemberText.RolesOf(self.Roles)}; this takes the role {MemberText.RolesOf(role)}.");
        }
    }

    /// <summary>A fresh header for an object of this vault in the newest epoch.</summary>
    /// <param name="isSealed">False gives epoch 0: nothing in the object is sealed with an epoch's key.</param>
    public ObjectHeader NewHeader(ObjectKind kind, bool isSealed) =>
        new(kind, isSealed ? Register.NewestEpoch : 0, Id, ObjectId.Random());

    /// <summary>
    /// This vault for one run among several at once: with a listener of its own, and by its own way to the same target. It lives as long as this vault; disposing it wipes nothing.
    /// </summary>
    public UnlockedVault ForRun(IEngineSink sink, Target target, HostState? host = null) => new(this, new ObjectStore(target), Context with { Sink = sink, Host = host ?? Host });

    /// <summary>What was asked of the target since the mark, which moves to now. Runs at once on one target see each other's requests.</summary>
    public TargetTraffic TakeTraffic()
    {
        var (now, mark) = (Target.Meter.Sample(), TrafficMark);
        TrafficMark = now;
        return now.Since(mark);
    }

    public void Dispose()
    {
        if (_origin is null)
        {
            _secrets.Dispose();
        }
    }

    /// <summary>Takes in what was added to the register since it was read: a vault may stay open for days.</summary>
    /// <exception cref="VaultException">RegisterDamaged, UnsupportedFormat.</exception>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        if (await RegisterLog.ReadOnAsync(Store, Register, cancellationToken) is not { } reading)
        {
            return;
        }

        Take(reading.State);
        var told = Interlocked.Exchange(ref _obstruction, reading.Obstruction);
        if (reading.Obstruction is { } obstruction && obstruction != told)
        {
            Sink.Report(obstruction.ToEvent());
        }
    }

    /// <summary>
    /// Signs a change of the register as this owner, and stores it: as the next entry where one owner's signature is enough, else as a change that waits for others. Whoever calls
    /// this refreshes first, and has made durable what the change names; what it names must stay good until the change stands or is withdrawn.
    /// </summary>
    /// <returns>Whether the entry stands, or waits for further owners and nothing has changed yet.</returns>
    /// <exception cref="VaultException">RegisterConflict, RegisterObstructed: nothing was changed.</exception>
    /// <exception cref="RequestException">EntryTooLarge.</exception>
    internal async Task<RegisterAppend> AppendAsync(IReadOnlyList<RegisterChange> changes, CancellationToken cancellationToken)
    {
        RequireOwner();
        if (Register.Policy.OwnersNeeded > 1)
        {
            return new RegisterAppend(await PendingChanges.ProposeAsync(this, changes, cancellationToken));
        }

        Take(await RegisterLog.AppendAsync(Store, Register, new RegisterAmendment(changes, [SelfKey], Now), cancellationToken));
        return RegisterAppend.Stands;
    }

    /// <inheritdoc cref="VaultSecrets.TryOpenOwn"/>
    internal OwnedBuffer? TryOpenOwn(in ObjectHeader header, SealPurpose purpose, ReadOnlySpan<byte> envelope, int maxBytes) =>
        _secrets.TryOpenOwn(header, purpose, envelope, maxBytes);

    internal IdentityKey? TryIdentityOf(uint epoch) => _secrets.TryIdentityOf(epoch);

    /// <summary>The keys first: whoever sees a new epoch finds its keys. Two that refresh at once never go back.</summary>
    internal void Take(RegisterState newest)
    {
        _secrets.TakeGrants(newest);
        lock (_secrets)
        {
            Register = newest.Head.Number >= Register.Head.Number ? newest : Register;
        }
    }

    /// <summary>Whether this member could go on after an entry: what it grants this member opens, and is what the register says.</summary>
    /// <exception cref="KeyException">WrongKey.</exception>
    /// <exception cref="IntegrityException">BundleMismatch.</exception>
    internal void RequireUsable(RegisterState next) => _secrets.Try(next);

    private MemberEntry RequireSelf() => Register.Find(Self) switch
    {
        null => throw new KeyException(FaultCodes.MemberUnknown, $"The key is of member {Self}, whom the vault's register does not know."),
        { IsRevoked: true } self => throw new KeyException(FaultCodes.MemberRevoked, $"The key of {self.Name} was revoked."),
        var self => self,
    };
}

/// <summary>The right to read: of use only where the vault's private keys are in hand.</summary>
public sealed class VaultReader
{
    private readonly VaultSecrets _secrets;

    internal VaultReader(UnlockedVault vault, VaultSecrets secrets)
    {
        Vault = vault;
        _secrets = secrets;
    }

    public UnlockedVault Vault { get; }

    /// <summary>Whether the vault's private key of an epoch is in hand.</summary>
    public bool Has(uint epoch) => _secrets.TryIdentityOf(epoch) is not null;

    /// <summary>The vault's private key of an epoch; opens packs and owner parts whose header names it.</summary>
    /// <exception cref="KeyException">KeyNotGranted.</exception>
    public IdentityKey IdentityOf(uint epoch) => _secrets.TryIdentityOf(epoch)
        ?? throw new KeyException(FaultCodes.KeyNotGranted, $"This member's keys do not hold the vault's private key of epoch {epoch}.");
}
