using System.Buffers.Binary;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Primitives;

/// <summary>What a stored object is. Numbers are part of the vault format and never change their meaning.</summary>
public enum ObjectKind : byte
{
    RegisterEntry = 1,
    Bundle = 2,
    Unlocker = 3,
    Pack = 4,
    IndexSegment = 5,
    ReferencePage = 6,
    Manifest = 7,
    Session = 8,
    RemovalRecord = 9,
    VerificationRecord = 10,
    CondemnedMarker = 11,
    Relocation = 12,
    Keyring = 13,
    Ledger = 14,

    /// <summary>Reserved.</summary>
    Parity = 15,
    HostCache = 16,
    ApprovalRecord = 17,
    PendingChange = 18,
}

/// <summary>
/// The 80 bytes that open every stored object: magic "SECBKUP1", kind u8, format version u8, flags u16, epoch u32 (both little-endian),
/// vault id and object id (32 each). They are public, and bound into the keys and the associated data of all that the object seals.
/// </summary>
public readonly record struct ObjectHeader(ObjectKind Kind, uint Epoch, VaultId Vault, ObjectId Object)
{
    public const int SizeBytes = 80;
    public const byte FormatVersion = 1;

    private const int KindAt = 8;
    private const int VersionAt = 9;
    private const int FlagsAt = 10;
    private const int EpochAt = 12;
    private const int VaultAt = 16;
    private const int ObjectAt = 48;

    private static ReadOnlySpan<byte> Magic => "SECBKUP1"u8;

    /// <summary>Reads the first 80 bytes; what follows them is ignored.</summary>
    /// <exception cref="IntegrityException">NotAnObject: too short, or not the magic.</exception>
    /// <exception cref="VaultException">UnsupportedFormat: a version, flag or kind that this reader does not know.</exception>
    public static ObjectHeader Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < SizeBytes || !bytes.StartsWith(Magic))
        {
            throw new IntegrityException(FaultCodes.NotAnObject, "These bytes do not start as a stored object does.");
        }

        var version = bytes[VersionAt];
        var flags = BinaryPrimitives.ReadUInt16LittleEndian(bytes[FlagsAt..]);
        var kind = (ObjectKind)bytes[KindAt];
        if (version != FormatVersion || flags != 0 || !Enum.IsDefined(kind))
        {
            throw new VaultException(
                FaultCodes.UnsupportedFormat,
                $"This object has kind {(byte)kind}, format version {version} and flags {flags:x4}; this program reads version {FormatVersion} without flags.");
        }

        return new ObjectHeader(
            kind,
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[EpochAt..]),
            new VaultId(Id256.Read(bytes.Slice(VaultAt, Id256.SizeBytes))),
            new ObjectId(Id256.Read(bytes.Slice(ObjectAt, Id256.SizeBytes))));
    }

    /// <param name="destination">At least 80 bytes.</param>
    public void Write(Span<byte> destination)
    {
        Magic.CopyTo(destination);
        destination[KindAt] = (byte)Kind;
        destination[VersionAt] = FormatVersion;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[FlagsAt..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[EpochAt..], Epoch);
        Vault.Value.CopyTo(destination[VaultAt..]);
        Object.Value.CopyTo(destination[ObjectAt..]);
    }

    /// <summary>Refuses an object that lies where another belongs: of another kind, of another vault, or (if asked) with another id.</summary>
    /// <exception cref="IntegrityException">ObjectMisplaced.</exception>
    public void Expect(ObjectKind kind, VaultId vault, ObjectId? id = null)
    {
        if (Kind != kind || Vault != vault || (id is { } expected && Object != expected))
        {
            throw new IntegrityException(
                FaultCodes.ObjectMisplaced,
                $"Here lies {Kind} {Object} of vault {Vault}; expected was {kind}{(id is { } wanted ? $" {wanted}" : "")} of vault {vault}.");
        }
    }
}
