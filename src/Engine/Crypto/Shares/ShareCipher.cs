using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// SLIP-0039's encryption of the master secret under a passphrase: four Feistel rounds of PBKDF2. With the empty passphrase, as in vaults,
/// it hides nothing and is there so that other tools read the shares.
/// </summary>
internal static class ShareCipher
{
    private const int Rounds = 4;
    private const int BaseIterations = 10_000;

    /// <param name="secret">Of even length; changed in place.</param>
    internal static void Encrypt(Span<byte> secret, ReadOnlySpan<byte> passphrase, ShareFacts facts) => Run(secret, passphrase, facts, isEncrypting: true);

    internal static void Decrypt(Span<byte> secret, ReadOnlySpan<byte> passphrase, ShareFacts facts) => Run(secret, passphrase, facts, isEncrypting: false);

    private static void Run(Span<byte> secret, ReadOnlySpan<byte> passphrase, ShareFacts facts, bool isEncrypting)
    {
        var half = secret.Length / 2;
        Span<byte> left = stackalloc byte[half];
        Span<byte> right = stackalloc byte[half];
        Span<byte> mask = stackalloc byte[half];
        secret[..half].CopyTo(left);
        secret[half..].CopyTo(right);
        Span<byte> password = stackalloc byte[1 + passphrase.Length];
        passphrase.CopyTo(password[1..]);
        var prefix = PrefixOf(facts);
        Span<byte> salt = stackalloc byte[prefix.Length + half];
        prefix.CopyTo(salt);
        for (var round = 0; round < Rounds; round++)
        {
            password[0] = (byte)(isEncrypting ? round : Rounds - 1 - round);
            right.CopyTo(salt[prefix.Length..]);
            Rfc2898DeriveBytes.Pbkdf2(password, salt, mask, (BaseIterations << facts.IterationExponent) / Rounds, HashAlgorithmName.SHA256);
            for (var i = 0; i < half; i++)
            {
                (left[i], right[i]) = (right[i], (byte)(left[i] ^ mask[i]));
            }
        }

        right.CopyTo(secret);
        left.CopyTo(secret[half..]);
        CryptographicOperations.ZeroMemory(left);
        CryptographicOperations.ZeroMemory(right);
        CryptographicOperations.ZeroMemory(mask);
        CryptographicOperations.ZeroMemory(salt);
        CryptographicOperations.ZeroMemory(password);
    }

    private static byte[] PrefixOf(ShareFacts facts)
    {
        if (facts.IsExtendable)
        {
            return [];
        }

        byte[] prefix = [.. "shamir"u8, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(prefix.AsSpan(^2), (ushort)facts.Identifier);
        return prefix;
    }
}
