using System.Runtime.InteropServices;

namespace SecureBackup.Engine.Crypto;

/// <summary>The functions of libsodium that are used, and its start-up. Zero means success.</summary>
internal static partial class Sodium
{
    internal const int Argon2Id13 = 2;

    private const string Library = "libsodium";

    static Sodium()
    {
        // 1 means that somebody in this process was faster, which is as good.
        if (Start() < 0)
        {
            throw new InvalidOperationException("libsodium does not start.");
        }
    }

    [LibraryImport(Library, EntryPoint = "crypto_kem_xwing_seed_keypair")]
    internal static partial int XWingKeyPair(Span<byte> publicKey, Span<byte> secretKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Library, EntryPoint = "crypto_kem_xwing_enc")]
    internal static partial int XWingEncapsulate(Span<byte> ciphertext, Span<byte> secret, ReadOnlySpan<byte> publicKey);

    /// <summary>With the randomness given, which only a known-answer test may do.</summary>
    [LibraryImport(Library, EntryPoint = "crypto_kem_xwing_enc_deterministic")]
    internal static partial int XWingEncapsulateFrom(Span<byte> ciphertext, Span<byte> secret, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> randomness);

    [LibraryImport(Library, EntryPoint = "crypto_kem_xwing_dec")]
    internal static partial int XWingDecapsulate(Span<byte> secret, ReadOnlySpan<byte> ciphertext, ReadOnlySpan<byte> secretKey);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_seed_keypair")]
    internal static partial int Ed25519KeyPair(Span<byte> publicKey, Span<byte> secretKey, ReadOnlySpan<byte> seed);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_detached")]
    internal static partial int Ed25519Sign(Span<byte> signature, nint signatureBytes, ReadOnlySpan<byte> message, ulong messageBytes, ReadOnlySpan<byte> secretKey);

    [LibraryImport(Library, EntryPoint = "crypto_sign_ed25519_verify_detached")]
    internal static partial int Ed25519Verify(ReadOnlySpan<byte> signature, ReadOnlySpan<byte> message, ulong messageBytes, ReadOnlySpan<byte> publicKey);

    /// <param name="salt">16 bytes.</param>
    /// <param name="memoryBytes">Rounded down to KiB by the library.</param>
    [LibraryImport(Library, EntryPoint = "crypto_pwhash_argon2id")]
    internal static partial int Argon2(
        Span<byte> output, ulong outputBytes, ReadOnlySpan<byte> passphrase, ulong passphraseBytes, ReadOnlySpan<byte> salt, ulong passes, nuint memoryBytes, int algorithm);

    [LibraryImport(Library, EntryPoint = "sodium_init")]
    private static partial int Start();
}
