namespace SecureBackup.Engine.Primitives;

/// <summary>Names a vault for life; random, chosen at creation.</summary>
public readonly record struct VaultId(Id256 Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>Names one stored object; random, except for reference pages, where it is a keyed hash of the content.</summary>
public readonly record struct ObjectId(Id256 Value)
{
    public static ObjectId Random() => new(Id256.Random());

    public override string ToString() => Value.ToString();
}

/// <summary>Keyed hash of a chunk's plaintext, domain and length.</summary>
public readonly record struct ChunkId(Id256 Value) : IComparable<ChunkId>
{
    public int CompareTo(ChunkId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>The object id of a pack.</summary>
public readonly record struct PackId(Id256 Value) : IComparable<PackId>
{
    public int CompareTo(PackId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>The object id of a snapshot's manifest.</summary>
public readonly record struct SnapshotId(Id256 Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>SHA-256 of a member's Ed25519 public key.</summary>
public readonly record struct MemberId(Id256 Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>Keyed hash of a data set's name.</summary>
public readonly record struct DataSetId(Id256 Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>Keyed hash of a subject's name: all that keyring, ledger and holds say of a person.</summary>
public readonly record struct SubjectPseudonym(Id256 Value) : IComparable<SubjectPseudonym>
{
    public int CompareTo(SubjectPseudonym other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString();
}

/// <summary>Names a legal hold; random.</summary>
public readonly record struct HoldId(Id256 Value)
{
    public override string ToString() => Value.ToString();
}

/// <summary>A key domain: zero is the vault itself, anything else is a subject's random handle.</summary>
public readonly record struct DomainId(Id256 Value)
{
    public static DomainId Vault => default;

    public bool IsVault => Value.IsZero;

    public override string ToString() => Value.ToString();
}

/// <summary>SHA-256 over the stored bytes of an object.</summary>
public readonly record struct ContentHash(Id256 Value)
{
    public static ContentHash Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Id256.SizeBytes];
        System.Security.Cryptography.SHA256.HashData(bytes, hash);
        return new ContentHash(Id256.Read(hash));
    }

    public override string ToString() => Value.ToString();
}
