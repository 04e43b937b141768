using System.Collections.Immutable;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>A member with all that the register says of it.</summary>
/// <param name="DataSets">What it may write; null for all.</param>
public sealed record VaultMember(MemberEntry Entry, RecipientKey SealingKey, ImmutableHashSet<DataSetId>? DataSets)
{
    /// <summary>Whether the vault's private keys are granted to it.</summary>
    public bool MayRead { get => field || Entry.Roles.HasFlag(MemberRoles.Owner); init; }

    public bool MayWrite(DataSetId dataSet) => Entry.Has(MemberRoles.Writer) && (DataSets is null || DataSets.Contains(dataSet) || Entry.Roles.HasFlag(MemberRoles.Owner));
}

/// <summary>
/// What the register says after its entries up to <see cref="Head"/>: the one truth about who may do what. A value; <see cref="Append"/>
/// gives the next one, and is the only way to make one, so every state comes from valid, signed, unbroken entries.
/// </summary>
public sealed partial record RegisterState : IMemberDirectory
{
    private RegisterState(VaultId vault, Timestamp createdAt)
    {
        Vault = vault;
        CreatedAt = createdAt;
    }

    public VaultId Vault { get; }

    /// <summary>As the genesis entry claims.</summary>
    public Timestamp CreatedAt { get; }

    /// <summary>The hash of every entry, by number.</summary>
    public ImmutableList<ContentHash> Hashes { get; private init; } = [];

    public VaultParameters Parameters { get; private init; } = new("", 0);

    public VaultPolicy Policy { get; private init; } = VaultPolicy.Default;

    /// <summary>Every policy that the vault has had, by the number of the entry from which on it stood.</summary>
    public ImmutableSortedDictionary<uint, VaultPolicy> Policies { get; private init; } = ImmutableSortedDictionary<uint, VaultPolicy>.Empty.Add(0, VaultPolicy.Default);

    public ImmutableDictionary<MemberId, VaultMember> Members { get; private init; } = ImmutableDictionary<MemberId, VaultMember>.Empty;

    /// <summary>The vault's public key of each epoch.</summary>
    public ImmutableSortedDictionary<uint, RecipientKey> Epochs { get; private init; } = ImmutableSortedDictionary<uint, RecipientKey>.Empty;

    public ImmutableDictionary<(MemberId Member, uint Epoch), KeyGrant> Grants { get; private init; } = ImmutableDictionary<(MemberId, uint), KeyGrant>.Empty;

    public ImmutableDictionary<MemberId, ObjectId> Bundles { get; private init; } = ImmutableDictionary<MemberId, ObjectId>.Empty;

    /// <summary>What opens an owner's bundle. An owner that is not in here has unlockers that nothing names, made by a version before 0.2.</summary>
    public ImmutableDictionary<MemberId, IReadOnlyList<NamedUnlocker>> Unlockers { get; private init; } = ImmutableDictionary<MemberId, IReadOnlyList<NamedUnlocker>>.Empty;

    /// <summary>Bundles and unlockers that an earlier entry named and this state does not: they open nothing any more, and may be deleted.</summary>
    public ImmutableHashSet<ObjectId> RetiredKeys { get; private init; } = [];

    public ImmutableDictionary<MemberId, Revocation> Revocations { get; private init; } = ImmutableDictionary<MemberId, Revocation>.Empty;

    public ImmutableDictionary<Id256, string> Targets { get; private init; } = ImmutableDictionary<Id256, string>.Empty;

    public KeyringRoot? KeyringRoot { get; private init; }

    public LedgerHead? LedgerHead { get; private init; }

    /// <summary>The number of every ledger head that an entry named, ascending: what each of them put into force together.</summary>
    internal ImmutableList<ulong> LedgerHeads { get; private init; } = [];

    /// <summary>The legal holds that stand.</summary>
    public ImmutableDictionary<HoldId, HoldPlaced> Holds { get; private init; } = ImmutableDictionary<HoldId, HoldPlaced>.Empty;

    public ImmutableDictionary<HoldId, HoldReleased> ReleasedHolds { get; private init; } = ImmutableDictionary<HoldId, HoldReleased>.Empty;

    public ContentHash Genesis => Hashes[0];

    public RegisterHead Head => new((uint)(Hashes.Count - 1), Hashes[^1]);

    public uint NewestEpoch => Epochs.IsEmpty ? 0 : Epochs.Keys.Last();

    /// <summary>What whoever signed an object under this head went by; null where the chain has no such head, so that nobody can have gone by it.</summary>
    public VaultPolicy? PolicyAt(RegisterHead head) => Contradiction(head) is null ? Policies.Last(policy => policy.Key <= head.Number).Value : null;

    public MemberEntry? Find(MemberId id) => Members.GetValueOrDefault(id)?.Entry;

    /// <summary>Judges the first entry and gives the state after it.</summary>
    /// <inheritdoc cref="Append"/>
    public static RegisterState Begin(ReadOnlyMemory<byte> bytes) => Judged(0, () =>
    {
        var signed = SignedObject.Parse(bytes);
        signed.Header.Expect(ObjectKind.RegisterEntry, signed.Header.Vault);
        var entry = RegisterCodec.Decode(signed.Body, "genesis entry");
        Require(entry.Number == 0 && entry.Previous is null, "it is not numbered 0, or names a predecessor");
        Require(entry.Changes.OfType<VaultParameters>().Count() == 1, "it has not one set of vault parameters");
        var state = new RegisterState(signed.Header.Vault, entry.Time).With(entry, signed.Hash);
        state.RequireOwners(signed);
        return state;
    });

    /// <summary>Judges the next entry and gives the state after it.</summary>
    /// <exception cref="VaultException">RegisterDamaged, naming the entry; UnsupportedFormat.</exception>
    public RegisterState Append(ReadOnlyMemory<byte> bytes) => Judged((uint)Hashes.Count, () =>
    {
        var signed = SignedObject.Parse(bytes);
        signed.Header.Expect(ObjectKind.RegisterEntry, Vault);
        RequireOwners(signed);
        return After(RegisterCodec.Decode(signed.Body, $"register entry {Hashes.Count}"), signed.Hash);
    });

    /// <summary>What the state would be after an entry that nobody has signed yet.</summary>
    /// <exception cref="VaultException">RegisterDamaged, UnsupportedFormat: no reader would accept it.</exception>
    internal RegisterState Preview(ReadOnlyMemory<byte> body) =>
        Judged((uint)Hashes.Count, () => After(RegisterCodec.Decode(body, $"register entry {Hashes.Count}"), default));

    /// <summary>
    /// Why an object in the place of the next entry is no entry at all: anybody who can write to the target can put something there, and only what enough owners signed for this
    /// place is their word. Null where it is theirs; then it is <see cref="Append"/> that judges it.
    /// </summary>
    internal string? ForeignBecause(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            var signed = SignedObject.Parse(bytes);
            signed.Header.Expect(ObjectKind.RegisterEntry, Vault);
            RequireOwners(signed);
            return RegisterCodec.NumberOf(signed.Body) is { } number && number != Hashes.Count ? $"it is a copy of entry {number}" : null;
        }
        catch (Exception exception) when (exception is IntegrityException or VaultException)
        {
            return exception.Message;
        }
    }

    /// <summary>Whether an owner signed an entry for this later place: then entries before it were taken away. One who was revoked could close the vault by it at will.</summary>
    internal bool IsLaterEntry(ReadOnlyMemory<byte> bytes, uint number)
    {
        try
        {
            var signed = SignedObject.Parse(bytes);
            signed.Header.Expect(ObjectKind.RegisterEntry, Vault);
            return signed.Verify(this).Any(static member => IsOwner(member)) && RegisterCodec.NumberOf(signed.Body) == number;
        }
        catch (Exception exception) when (exception is IntegrityException or VaultException)
        {
            return false;
        }
    }

    /// <summary>Refuses to go on when somebody knows a newer state, or another one at the same place.</summary>
    /// <param name="whose">Who knows it: "the key file", "this host".</param>
    /// <exception cref="VaultException">VaultRolledBack, VaultForked.</exception>
    public void Require(RegisterHead known, string whose)
    {
        if (Contradiction(known) is { } code)
        {
            throw new VaultException(
                code,
                code == FaultCodes.VaultForked
                    ? $"The vault's register has another entry {known.Number} than {whose} knows."
                    : $"The vault's register ends with entry {Head.Number}, but {whose} knows entry {known.Number}.");
        }
    }

    /// <summary>Null where the chain holds the known head.</summary>
    internal FaultCode? Contradiction(RegisterHead known) =>
        known.Number > Head.Number ? FaultCodes.VaultRolledBack
        : Hashes[(int)known.Number] != known.Hash ? FaultCodes.VaultForked
        : null;

    private static RegisterState Judged(uint number, Func<RegisterState> judge)
    {
        try
        {
            return judge();
        }
        catch (IntegrityException exception)
        {
            throw new VaultException(FaultCodes.RegisterDamaged, $"The register entry '{ObjectNames.RegisterEntry(number)}' is refused: {exception.Message}", exception);
        }
        catch (VaultException exception)
        {
            throw new VaultException(exception.Code, $"The register entry '{ObjectNames.RegisterEntry(number)}' cannot be read: {exception.Message}", exception);
        }
    }

    private static void Require(bool isValid, string complaint)
    {
        if (!isValid)
        {
            throw new IntegrityException(FaultCodes.Malformed, complaint);
        }
    }

    private RegisterState After(RegisterEntry entry, ContentHash hash)
    {
        Require(entry.Number == Hashes.Count, $"it says that it is number {entry.Number}");
        Require(entry.Previous == Head.Hash, "it does not follow the entry before it");
        Require(!entry.Changes.OfType<VaultParameters>().Any(), "it changes the vault's parameters");
        return With(entry, hash);
    }

    private void RequireOwners(SignedObject signed)
    {
        var owners = signed.Verify(this).Count(static member => IsOwner(member));
        if (owners < Policy.OwnersNeeded)
        {
            throw new IntegrityException(FaultCodes.SignerNotEntitled, $"it is signed by {owners} owners; it takes {Policy.OwnersNeeded}");
        }
    }

    private static bool IsOwner(MemberEntry member) => member.Roles.HasFlag(MemberRoles.Owner) && !member.IsRevoked;

    private RegisterState With(RegisterEntry entry, ContentHash hash)
    {
        if (entry.Features.Count > 0)
        {
            throw new VaultException(FaultCodes.UnsupportedFormat, $"The vault needs the features {string.Join(", ", entry.Features)}, which this version does not know.");
        }

        var next = entry.Changes.Aggregate(this, static (state, change) => state.With(change)) with { Hashes = Hashes.Add(hash) };

        // Otherwise no later entry could ever be valid: the vault would be locked for good.
        var owners = next.Members.Values.Count(static member => IsOwner(member.Entry));
        Require(next.Policy.OwnersNeeded >= 1 && next.Policy.OwnersNeeded <= owners, "it leaves fewer owners than must sign");
        Require(!next.Epochs.IsEmpty, "it begins no epoch");
        return next;
    }
}
