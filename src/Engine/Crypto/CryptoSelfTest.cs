using System.Security.Cryptography;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// Asks every algorithm for an answer that is known, once per process, before anything is sealed or opened: a broken library or processor would
/// otherwise seal backups that nobody ever opens. About 30 ms in a fresh process, loading the libraries included.
/// </summary>
public static class CryptoSelfTest
{
    private static readonly Lazy<int> Passed = new(CheckAll);

    /// <returns>How many answers were right: all of them.</returns>
    /// <exception cref="KeyException">CryptoSelfTestFailed, now and at every later call.</exception>
    public static int Run() => Passed.Value;

    internal static void Check(string algorithm, string expectedHex, ReadOnlySpan<byte> actual)
    {
        if (!Convert.FromHexString(expectedHex).AsSpan().SequenceEqual(actual))
        {
            throw new KeyException(FaultCodes.CryptoSelfTestFailed, $"{algorithm} gives a wrong answer on this machine.");
        }
    }

    private static int CheckAll()
    {
        Action[] checks = [Hash, Mac, Derivation, Sealing, Opening, Encapsulation, Signature, Verification, Stretching];
        try
        {
            foreach (var check in checks)
            {
                check();
            }
        }
        catch (Exception missing) when (missing is TypeInitializationException or DllNotFoundException or EntryPointNotFoundException
            or BadImageFormatException or PlatformNotSupportedException)
        {
            throw new KeyException(FaultCodes.CryptoSelfTestFailed, "A cryptographic library does not load on this machine.", missing);
        }

        return checks.Length;
    }

    /// <summary>FIPS 180-4, "abc".</summary>
    private static void Hash() =>
        Check("SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", SHA256.HashData("abc"u8));

    /// <summary>RFC 4231, test case 2.</summary>
    private static void Mac() =>
        Check(
            "HMAC-SHA-256",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            HMACSHA256.HashData("Jefe"u8, "what do ya want for nothing?"u8));

    /// <summary>RFC 5869, test case 1.</summary>
    private static void Derivation()
    {
        var output = new byte[42];
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256,
            Convert.FromHexString("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
            output,
            Convert.FromHexString("000102030405060708090a0b0c"),
            Convert.FromHexString("f0f1f2f3f4f5f6f7f8f9"));
        Check("HKDF-SHA-256", "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", output);
    }

    /// <summary>The GCM submission to NIST, test case 14.</summary>
    private static void Sealing()
    {
        var output = new byte[32];
        using var cipher = new AesGcm(new byte[32], FrameBinding.TagBytes);
        cipher.Encrypt(new byte[12], new byte[16], output.AsSpan(0, 16), output.AsSpan(16));
        Check("AES-256-GCM", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919", output);
    }

    private static void Opening()
    {
        var plain = new byte[16];
        var sealedBytes = Convert.FromHexString("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
        using var cipher = new AesGcm(new byte[32], FrameBinding.TagBytes);
        cipher.Decrypt(new byte[12], sealedBytes.AsSpan(0, 16), sealedBytes.AsSpan(16), plain);
        Check("AES-256-GCM", "00000000000000000000000000000000", plain);
    }

    /// <summary>The X-Wing draft's first vector of libsodium: seed of zeros, randomness of 0x64.</summary>
    private static void Encapsulation()
    {
        const string Secret = "e5ba94031ea6efd69c09c254f6d9783136ba6037e2d4c43bcccf19d6f3f4343a";
        var ciphertext = new byte[XWing.CiphertextBytes];
        var secret = new byte[XWing.SecretBytes];
        var randomness = new byte[XWing.RandomnessBytes];
        randomness.AsSpan().Fill(0x64);
        using var identity = new IdentityKey(new byte[XWing.SeedBytes]);
        _ = Sodium.XWingEncapsulateFrom(ciphertext, secret, identity.Recipient.Bytes, randomness);
        Check("X-Wing", Secret, secret);
        secret.AsSpan().Clear();
        _ = identity.TryDecapsulate(ciphertext, secret);
        Check("X-Wing", Secret, secret);
    }

    /// <summary>RFC 8032, 7.1, test 1: the empty message.</summary>
    private static void Signature()
    {
        var (publicKey, secretKey, signature) = (new byte[32], new byte[64], new byte[64]);
        _ = Sodium.Ed25519KeyPair(publicKey, secretKey, Convert.FromHexString("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
        _ = Sodium.Ed25519Sign(signature, 0, default, 0, secretKey);
        Check(
            "Ed25519",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            signature);
    }

    private static void Verification()
    {
        var (key, signature) = (new SigningKey(new byte[32]), new byte[64]);
        using (key)
        {
            key.Sign("abc"u8, signature);
            var isGood = key.Public.Verify("abc"u8, signature);
            var isForged = key.Public.Verify("abd"u8, signature);
            Check("Ed25519", "0100", [isGood ? (byte)1 : (byte)0, isForged ? (byte)1 : (byte)0]);
        }
    }

    /// <summary>Far below the floor, to be fast; agreed by an independent implementation.</summary>
    private static void Stretching()
    {
        var output = new byte[32];
        _ = Sodium.Argon2(output, 32, "password"u8, 8, "sixteen byte sal"u8, 2, 64 * 1024, Sodium.Argon2Id13);
        Check("Argon2id", "30194650d96fe2b5bdf604a6629ead1927884a2d0d181c8d1c05e85316ad0341", output);
    }
}
