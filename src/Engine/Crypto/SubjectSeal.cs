using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>What a subject's record says it is. Neither pack nor place: packs are rewritten without opening what is inside.</summary>
/// <param name="Compression">The stored number of the compression.</param>
/// <param name="PlainBytes">Length before compression.</param>
public readonly record struct SubjectClaim(VaultId Vault, DomainId Domain, ChunkId Chunk, byte Compression, uint PlainBytes);

/// <summary>
/// The inner seal of a subject domain: salt (32) ‖ commitment (32) ‖ ciphertext ‖ tag (16), the key from the subject key and the fresh
/// random salt. Once every copy of the subject key is destroyed, this is noise.
/// </summary>
public static class SubjectSeal
{
    public const int OverheadBytes = SaltBytes + ObjectKey.CommitmentBytes + FrameBinding.TagBytes;

    private const int SaltBytes = 32;
    private const int DataBytes = (3 * Id256.SizeBytes) + 1 + sizeof(uint);

    private static ReadOnlySpan<byte> Label => "sb1/subject\0"u8;

    /// <param name="destination">Exactly 80 bytes longer than <paramref name="record"/>.</param>
    public static void Seal(SubjectKey key, in SubjectClaim claim, ReadOnlySpan<byte> record, Span<byte> destination)
    {
        Length.MustBe(record.Length + OverheadBytes, destination);
        var salt = destination[..SaltBytes];
        RandomNumberGenerator.Fill(salt);
        Span<byte> derived = stackalloc byte[ObjectKey.DerivedBytes];
        Derive(key, salt, claim, derived);
        derived[SecretKey.SizeBytes..].CopyTo(destination[SaltBytes..]);
        using var cipher = new AesGcm(derived[..SecretKey.SizeBytes], FrameBinding.TagBytes);
        CryptographicOperations.ZeroMemory(derived);

        // The key serves this one record, so that the nonce may be zero.
        Span<byte> nonce = stackalloc byte[FrameBinding.NonceBytes];
        nonce.Clear();
        Span<byte> data = stackalloc byte[DataBytes];
        WriteData(claim, data);
        var body = destination[(SaltBytes + ObjectKey.CommitmentBytes)..];
        cipher.Encrypt(nonce, record, body[..record.Length], body[record.Length..], data);
    }

    /// <param name="destination">Exactly 80 bytes shorter than <paramref name="sealedRecord"/>; cleared when the record does not open.</param>
    /// <returns>False when this is not the subject's key.</returns>
    /// <exception cref="IntegrityException">FrameTampered: any bit of record or claim is not what was sealed.</exception>
    public static bool TryOpen(SubjectKey key, in SubjectClaim claim, ReadOnlySpan<byte> sealedRecord, Span<byte> destination)
    {
        if (sealedRecord.Length < OverheadBytes)
        {
            throw Tampered(claim);
        }

        Length.MustBe(sealedRecord.Length - OverheadBytes, destination);
        Span<byte> derived = stackalloc byte[ObjectKey.DerivedBytes];
        Derive(key, sealedRecord[..SaltBytes], claim, derived);
        var isRightKey = CryptographicOperations.FixedTimeEquals(
            derived[SecretKey.SizeBytes..], sealedRecord.Slice(SaltBytes, ObjectKey.CommitmentBytes));
        if (!isRightKey)
        {
            CryptographicOperations.ZeroMemory(derived);
            return false;
        }

        using var cipher = new AesGcm(derived[..SecretKey.SizeBytes], FrameBinding.TagBytes);
        CryptographicOperations.ZeroMemory(derived);
        Span<byte> nonce = stackalloc byte[FrameBinding.NonceBytes];
        nonce.Clear();
        Span<byte> data = stackalloc byte[DataBytes];
        WriteData(claim, data);
        var body = sealedRecord[(SaltBytes + ObjectKey.CommitmentBytes)..];
        try
        {
            cipher.Decrypt(nonce, body[..destination.Length], body[destination.Length..], destination, data);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            destination.Clear();
            throw Tampered(claim);
        }
    }

    private static void Derive(SubjectKey key, ReadOnlySpan<byte> salt, in SubjectClaim claim, Span<byte> output)
    {
        Span<byte> info = stackalloc byte[12 + (2 * Id256.SizeBytes)];
        Label.CopyTo(info);
        claim.Vault.Value.CopyTo(info[Label.Length..]);
        claim.Domain.Value.CopyTo(info[(Label.Length + Id256.SizeBytes)..]);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Bytes, output, salt, info);
    }

    /// <summary>vault ‖ domain ‖ chunk ‖ compression u8 ‖ plain length u32 LE.</summary>
    private static void WriteData(in SubjectClaim claim, Span<byte> data)
    {
        claim.Vault.Value.CopyTo(data);
        claim.Domain.Value.CopyTo(data[Id256.SizeBytes..]);
        claim.Chunk.Value.CopyTo(data[(2 * Id256.SizeBytes)..]);
        data[3 * Id256.SizeBytes] = claim.Compression;
        BinaryPrimitives.WriteUInt32LittleEndian(data[((3 * Id256.SizeBytes) + 1)..], claim.PlainBytes);
    }

    private static IntegrityException Tampered(in SubjectClaim claim) =>
        new(FaultCodes.FrameTampered, $"The record of chunk {claim.Chunk} in domain {claim.Domain} does not open.");
}
