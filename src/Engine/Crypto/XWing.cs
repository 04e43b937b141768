using System.Security.Cryptography;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Crypto;

/// <summary>Sizes of the X-Wing KEM (draft-connolly-cfrg-xwing-kem): X25519 and ML-KEM-768, secure while either holds.</summary>
public static class XWing
{
    public const int SeedBytes = 32;
    public const int PublicBytes = 1216;
    public const int CiphertextBytes = 1120;
    public const int SecretBytes = 32;

    internal const int RandomnessBytes = 64;
}

/// <summary>A public key that can be sealed to.</summary>
public sealed class RecipientKey : IEquatable<RecipientKey>
{
    private readonly byte[] _bytes;

    /// <param name="bytes">Exactly 1216 bytes; copied. Whether they are a valid key shows when one seals to it.</param>
    public RecipientKey(ReadOnlySpan<byte> bytes)
    {
        Length.MustBe(XWing.PublicBytes, bytes);
        _bytes = bytes.ToArray();
    }

    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Makes a fresh shared secret and the ciphertext that only the identity turns back into it.</summary>
    /// <param name="ciphertext">1120 bytes.</param>
    /// <param name="secret">32 bytes; the caller wipes them.</param>
    /// <exception cref="KeyException">RecipientKeyInvalid.</exception>
    public void Encapsulate(Span<byte> ciphertext, Span<byte> secret)
    {
        Length.MustBe(XWing.CiphertextBytes, ciphertext);
        Length.MustBe(XWing.SecretBytes, secret);
        if (Sodium.XWingEncapsulate(ciphertext, secret, _bytes) != 0)
        {
            CryptographicOperations.ZeroMemory(secret);
            throw new KeyException(FaultCodes.RecipientKeyInvalid, "The public key is not one that can be sealed to.");
        }
    }

    public bool Equals(RecipientKey? other) => other is not null && _bytes.AsSpan().SequenceEqual(other._bytes);

    public override bool Equals(object? obj) => Equals(obj as RecipientKey);

    public override int GetHashCode() => BitConverter.ToInt32(_bytes);
}

/// <summary>The private half: a 32-byte seed. Opens what was sealed to its <see cref="Recipient"/>.</summary>
public sealed class IdentityKey : SecretKey
{
    public IdentityKey(ReadOnlySpan<byte> seed)
        : base(seed)
    {
        Span<byte> publicKey = stackalloc byte[XWing.PublicBytes];
        Span<byte> secretKey = stackalloc byte[XWing.SeedBytes];
        _ = Sodium.XWingKeyPair(publicKey, secretKey, Bytes);
        CryptographicOperations.ZeroMemory(secretKey);
        Recipient = new RecipientKey(publicKey);
    }

    public RecipientKey Recipient { get; }

    public static IdentityKey Create()
    {
        Span<byte> seed = stackalloc byte[XWing.SeedBytes];
        RandomNumberGenerator.Fill(seed);
        var key = new IdentityKey(seed);
        CryptographicOperations.ZeroMemory(seed);
        return key;
    }

    /// <param name="ciphertext">1120 bytes.</param>
    /// <param name="secret">32 bytes; the caller wipes them.</param>
    /// <returns>False for a ciphertext that nobody can have made honestly. A ciphertext for somebody else, or a damaged one, gives true and some
    /// other secret: the commitment of what is sealed under it tells.</returns>
    public bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> secret)
    {
        Length.MustBe(XWing.CiphertextBytes, ciphertext);
        Length.MustBe(XWing.SecretBytes, secret);
        return Sodium.XWingDecapsulate(secret, ciphertext, Bytes) == 0;
    }
}
