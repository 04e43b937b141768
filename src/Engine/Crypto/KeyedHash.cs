using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// Names chunks: HMAC-SHA-256 over domain ‖ length u64 LE ‖ SHA-256(plaintext). Who lacks the key cannot test whether a known file is
/// in the vault; who has it gets the same id on every host.
/// </summary>
public sealed class ChunkIdKey(ReadOnlySpan<byte> bytes) : SecretKey(bytes)
{
    public ChunkId IdOf(DomainId domain, ReadOnlySpan<byte> plain)
    {
        Span<byte> message = stackalloc byte[Id256.SizeBytes + sizeof(ulong) + Id256.SizeBytes];
        domain.Value.CopyTo(message);
        BinaryPrimitives.WriteUInt64LittleEndian(message[Id256.SizeBytes..], (ulong)plain.Length);
        SHA256.HashData(plain, message[(Id256.SizeBytes + sizeof(ulong))..]);
        Span<byte> id = stackalloc byte[Id256.SizeBytes];
        HMACSHA256.HashData(Bytes, message, id);
        return new ChunkId(Id256.Read(id));
    }
}

/// <summary>
/// A key for one purpose, drawn from a master key: HKDF-SHA-256 with an empty salt and the label as info. Used for data-set ids, cursor
/// order, the chunker and reference pages.
/// </summary>
public sealed class DerivedKey : SecretKey
{
    private DerivedKey(ReadOnlySpan<byte> bytes)
        : base(bytes)
    {
    }

    /// <param name="label">ASCII, unique to the purpose; part of the vault format.</param>
    public static DerivedKey Derive(SecretKey master, ReadOnlySpan<byte> label)
    {
        if (label.IsEmpty)
        {
            throw new ArgumentException("A derived key has a label.", nameof(label));
        }

        Span<byte> bytes = stackalloc byte[SizeBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, master.Bytes, bytes, salt: default, label);
        var key = new DerivedKey(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }

    /// <summary>HMAC-SHA-256 of <paramref name="message"/>: a keyed pseudonym of it.</summary>
    public Id256 HashOf(ReadOnlySpan<byte> message)
    {
        Span<byte> hash = stackalloc byte[Id256.SizeBytes];
        HMACSHA256.HashData(Bytes, message, hash);
        return Id256.Read(hash);
    }
}

/// <summary>
/// <see cref="DerivedKey.HashOf"/> of many short messages: the key is prepared once (0.45 µs for a path, 1.0 when it is each time). The key stays its owner's. Not thread-safe.
/// </summary>
public sealed class KeyedHasher(DerivedKey key) : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key.Bytes);

    public Id256 HashOf(ReadOnlySpan<byte> message)
    {
        Span<byte> hash = stackalloc byte[Id256.SizeBytes];
        _hash.AppendData(message);
        _hash.GetHashAndReset(hash);
        return Id256.Read(hash);
    }

    public void Dispose() => _hash.Dispose();
}
