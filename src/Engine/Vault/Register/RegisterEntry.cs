using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault;

/// <summary>A place in the register's chain: what credentials, caches and signed objects pin.</summary>
public readonly record struct RegisterHead(uint Number, ContentHash Hash)
{
    internal void Write(CborMapWriter writer) => writer.BeginArray(2).UInt(Number).Id(Hash.Value).EndArray();

    internal static RegisterHead Read(CborMapReader reader)
    {
        reader.BeginTuple(2);
        var head = new RegisterHead(reader.ReadUInt32(), new ContentHash(reader.ReadId()));
        reader.EndArray();
        return head;
    }
}

/// <summary>The body of one register entry, as written by its author and not yet judged.</summary>
/// <param name="Previous">Null in the genesis entry alone.</param>
/// <param name="Features">What a reader must know beyond this version; empty in version 1.</param>
public sealed record RegisterEntry(uint Number, ContentHash? Previous, Timestamp Time, IReadOnlyList<string> Features, IReadOnlyList<RegisterChange> Changes);

/// <summary>One change of the register; each kind is a subclass.</summary>
public abstract record RegisterChange;

public sealed record VaultParameters(string ChunkerName, int PackSizeBytes) : RegisterChange
{
    public const int MaxPackSizeBytes = 64 * 1024 * 1024;
}

/// <param name="VaultKey">What packs and owner parts of this epoch are sealed to.</param>
public sealed record EpochBegins(uint Epoch, RecipientKey VaultKey) : RegisterChange;

/// <param name="DataSets">What the member may write; null for all.</param>
public sealed record MemberAdded(string Name, VerifyKey Key, RecipientKey SealingKey, MemberRoles Roles, IReadOnlyList<DataSetId>? DataSets) : RegisterChange
{
    public MemberId Id => Key.Id;

    /// <summary>Whether grants give this member the vault's private keys, so that it can open what was backed up. Owners always may.</summary>
    public bool MayRead { get; init; }
}

/// <param name="Envelope">The epoch's symmetric keys, sealed to the member.</param>
public sealed record KeyGrant(MemberId Member, uint Epoch, ObjectId Id, ReadOnlyMemory<byte> Envelope) : RegisterChange;

/// <summary>Against whose packs a writer may deduplicate.</summary>
public enum TrustedPacks
{
    OwnAndAttested = 0,
    AllMembers = 1,
}

public sealed record VaultPolicy : RegisterChange
{
    public static readonly TimeSpan MaxGraceTime = TimeSpan.FromDays(365);

    public static readonly TimeSpan MaxSessionLapse = TimeSpan.FromDays(30);

    public static VaultPolicy Default { get; } = new();

    public TimeSpan RetentionFloor { get; init; } = TimeSpan.Zero;

    public TimeSpan ErasureHorizon { get; init; } = TimeSpan.FromDays(30);

    public TrustedPacks DeduplicationTrust { get; init; } = TrustedPacks.OwnAndAttested;

    public TimeSpan GraceTime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>A session whose newest announcement is older is over.</summary>
    public TimeSpan SessionLapse { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How many owners must sign a register entry.</summary>
    public int OwnersNeeded { get; init; } = 1;
}

public sealed record TargetAttached(Id256 Id, string Name) : RegisterChange;

public sealed record TargetDetached(Id256 Id) : RegisterChange;

/// <param name="Replaces">The root that must stand before; null for the first. Of two owners who erase at once, one begins anew from what the other left.</param>
public sealed record KeyringRoot(ObjectId Id, ContentHash Hash, ObjectId? Replaces = null) : RegisterChange;

/// <param name="LastValid">Hashes of the manifests which, with all their ancestors, stay valid.</param>
public sealed record Revocation(MemberId Member, IReadOnlyList<ContentHash> LastValid) : RegisterChange;

/// <summary>An unlocker as the register knows it: what lies under this name with other bytes is not it.</summary>
public readonly record struct NamedUnlocker(ObjectId Id, ContentHash Hash);

/// <summary>Where an owner's keys lie, and everything that opens them.</summary>
public sealed record OwnerBundleNamed(MemberId Owner, ObjectId Bundle) : RegisterChange
{
    public const int MaxUnlockers = 64;

    /// <summary>Null where the entry names none: versions before 0.2 did not, and then any unlocker on the target may be one.</summary>
    public IReadOnlyList<NamedUnlocker>? Unlockers { get; init; }
}

public sealed record LedgerHead(ulong Number, ContentHash Hash) : RegisterChange;

/// <summary>A remark of the owners that changes nothing; readers that do not know it pass it over.</summary>
public sealed record RegisterNote(string Text) : RegisterChange
{
    public const int MaxLength = 1000;
}

/// <summary>What a legal hold is about; the numbers are part of the vault format.</summary>
public enum HoldScope
{
    Snapshot = 0,
    DataSet = 1,
    Subject = 2,
}

/// <summary>A legal hold as the register keeps it.</summary>
/// <param name="On">The snapshot id, the data-set id, or the subject's pseudonym.</param>
/// <param name="DataSets">The data sets it touches: the snapshot's, the one named, or those in which the subject had keys.</param>
/// <param name="Epoch">Whose metadata key the text is sealed with.</param>
/// <param name="Text">Reason and owner, sealed.</param>
public sealed record HoldPlaced(HoldId Id, HoldScope Scope, Id256 On, IReadOnlyList<DataSetId> DataSets, uint Epoch, ReadOnlyMemory<byte> Text) : RegisterChange;

/// <param name="Id">Of the release, for its sealed text.</param>
public sealed record HoldReleased(HoldId Hold, uint Epoch, Id256 Id, ReadOnlyMemory<byte> Text) : RegisterChange;
