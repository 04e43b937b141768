using System.Buffers.Binary;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>The 32-byte record of the identity stream.</summary>
public static class IdentityCodec
{
    public const int SizeBytes = 32;

    private const uint Untrusted = uint.MaxValue;

    public static void Write(EntryIdentity identity, Span<byte> destination)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, identity.ChangedAt?.Seconds ?? 0);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[8..], identity.ChangedAt?.Nanoseconds ?? Untrusted);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], identity.LinkCount);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], identity.FileId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], identity.DeviceId);
    }

    public static EntryIdentity Read(ReadOnlySpan<byte> source)
    {
        var nanoseconds = BinaryPrimitives.ReadUInt32LittleEndian(source[8..]);
        return new EntryIdentity(
            nanoseconds == Untrusted ? null : new Timestamp(BinaryPrimitives.ReadInt64LittleEndian(source), nanoseconds),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadUInt32LittleEndian(source[12..]));
    }
}
