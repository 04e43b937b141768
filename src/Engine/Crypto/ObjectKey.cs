using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>What a key seals. Each purpose has its own label, so that one root never gives two purposes the same key.</summary>
public enum SealPurpose
{
    Pack,
    Table,
    Index,
    Metadata,
    Owner,
    Grant,
    Bundle,
    Unlock,
    Cache,
    Keyring,
}

/// <summary>
/// Names the key of one stored object: HKDF-SHA-256 of the root, salted with the object id, over label ‖ 0x00 ‖ header. The first 32 of its
/// 64 bytes are the AES-256-GCM key, the last 32 the commitment that tells a wrong key before any frame is opened.
/// Lives on the stack; <paramref name="root"/> stays its owner's to wipe.
/// </summary>
/// <param name="root">Exactly 32 bytes.</param>
public readonly ref struct ObjectKey(ReadOnlySpan<byte> root, ObjectHeader header, SealPurpose purpose)
{
    public const int CommitmentBytes = 32;

    internal const int DerivedBytes = 64;

    private const int MaxLabelBytes = 16;

    private readonly ReadOnlySpan<byte> _root = root.Length == SecretKey.SizeBytes
        ? root
        : throw new ArgumentException("A root is 32 bytes.", nameof(root));

    public ObjectHeader Header { get; } = header;

    public SealPurpose Purpose { get; } = purpose;

    internal static ReadOnlySpan<byte> LabelOf(SealPurpose purpose) => purpose switch
    {
        SealPurpose.Pack => "sb1/pack"u8,
        SealPurpose.Table => "sb1/table"u8,
        SealPurpose.Index => "sb1/index"u8,
        SealPurpose.Metadata => "sb1/meta"u8,
        SealPurpose.Owner => "sb1/owner"u8,
        SealPurpose.Grant => "sb1/grant"u8,
        SealPurpose.Bundle => "sb1/bundle"u8,
        SealPurpose.Unlock => "sb1/unlock"u8,
        SealPurpose.Cache => "sb1/cache"u8,
        SealPurpose.Keyring => "sb1/keyring"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(purpose)),
    };

    /// <param name="output">64 bytes: key, then commitment. The caller wipes them.</param>
    internal void Derive(Span<byte> output)
    {
        Span<byte> info = stackalloc byte[MaxLabelBytes + 1 + ObjectHeader.SizeBytes];
        var label = LabelOf(Purpose);
        label.CopyTo(info);
        info[label.Length] = 0;
        Header.Write(info[(label.Length + 1)..]);
        Span<byte> salt = stackalloc byte[Id256.SizeBytes];
        Header.Object.Value.CopyTo(salt);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, _root, output, salt, info[..(label.Length + 1 + ObjectHeader.SizeBytes)]);
    }
}
