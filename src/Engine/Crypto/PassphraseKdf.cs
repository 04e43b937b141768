using System.Security.Cryptography;
using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Crypto;

/// <summary>How much work stretching a passphrase takes: Argon2id v1.3, parallelism 1. Stored beside what it protects.</summary>
public sealed record Argon2Parameters(int MemoryKiB, int Passes)
{
    /// <summary>Below this no passphrase is stretched, whatever a vault asks: storage could ask for it to guess cheaply.</summary>
    public const int MinMemoryKiB = 19_456;
    public const int MinPasses = 2;

    /// <summary>Above this none is either: storage could ask for it to exhaust the machine.</summary>
    public const int MaxMemoryKiB = 4 * 1024 * 1024;
    public const int MaxPasses = 64;

    public static Argon2Parameters Default { get; } = new(65_536, 3);

    /// <exception cref="KeyException">WeakKeyDerivation, KeyDerivationTooCostly.</exception>
    public void Require()
    {
        if (MemoryKiB < MinMemoryKiB || Passes < MinPasses)
        {
            throw new KeyException(
                FaultCodes.WeakKeyDerivation,
                $"Asked for were {MemoryKiB} KiB and {Passes} passes; the least is {MinMemoryKiB} KiB and {MinPasses} passes.");
        }

        if (MemoryKiB > MaxMemoryKiB || Passes > MaxPasses)
        {
            throw new KeyException(
                FaultCodes.KeyDerivationTooCostly,
                $"Asked for were {MemoryKiB} KiB and {Passes} passes; the most is {MaxMemoryKiB} KiB and {MaxPasses} passes.");
        }
    }
}

/// <summary>
/// Passphrase to key: characters, NFKC, UTF-8, Argon2id, 32 bytes. The same passphrase typed on another system, with composed or decomposed
/// accents, gives the same key. No copy of the passphrase is left behind.
/// </summary>
public static class PassphraseKdf
{
    public const int SaltBytes = 16;

    /// <param name="salt">16 random bytes, stored with the parameters.</param>
    /// <exception cref="RequestException">EmptyPassphrase, PassphraseNotText.</exception>
    /// <exception cref="KeyException">WeakKeyDerivation, KeyDerivationTooCostly, NormalizationUnavailable.</exception>
    public static RootKey Derive(ReadOnlySpan<char> passphrase, ReadOnlySpan<byte> salt, Argon2Parameters parameters)
    {
        Length.MustBe(SaltBytes, salt);
        if (passphrase.IsEmpty)
        {
            throw new RequestException(FaultCodes.EmptyPassphrase, "The passphrase is empty.");
        }

        parameters.Require();
        RequireNormalization("\uFB01".Normalize(NormalizationForm.FormKC));
        var bytes = Encode(passphrase);
        try
        {
            return Stretch(bytes, salt, parameters);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    /// <param name="normalizedLigature">What this process makes of the ligature U+FB01 in NFKC: "fi", unless globalisation is switched off.</param>
    internal static void RequireNormalization(ReadOnlySpan<char> normalizedLigature)
    {
        if (!normalizedLigature.SequenceEqual("fi"))
        {
            throw new KeyException(FaultCodes.NormalizationUnavailable, "The runtime does not normalise Unicode (globalisation-invariant mode).");
        }
    }

    /// <summary>NFKC and UTF-8, in memory that the garbage collector does not move; the caller wipes it.</summary>
    internal static byte[] Encode(ReadOnlySpan<char> passphrase)
    {
        char[]? normalized = null;
        try
        {
            normalized = GC.AllocateArray<char>(passphrase.GetNormalizedLength(NormalizationForm.FormKC), pinned: true);
            if (!passphrase.TryNormalize(normalized, out var length, NormalizationForm.FormKC))
            {
                throw new InvalidOperationException("The normalised passphrase is longer than announced.");
            }

            var text = normalized.AsSpan(0, length);
            var bytes = GC.AllocateArray<byte>(Encoding.UTF8.GetByteCount(text), pinned: true);
            Encoding.UTF8.GetBytes(text, bytes);
            return bytes;
        }
        catch (ArgumentException)
        {
            // The runtime's own message is not passed on: it could quote the passphrase.
            throw new RequestException(FaultCodes.PassphraseNotText, "The passphrase holds half of a surrogate pair or another code that is no character.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(System.Runtime.InteropServices.MemoryMarshal.AsBytes(normalized.AsSpan()));
        }
    }

    private static RootKey Stretch(ReadOnlySpan<byte> passphrase, ReadOnlySpan<byte> salt, Argon2Parameters parameters)
    {
        Span<byte> key = stackalloc byte[SecretKey.SizeBytes];
        try
        {
            var memoryBytes = (nuint)parameters.MemoryKiB * 1024;
            var result = Sodium.Argon2(
                key, (ulong)key.Length, passphrase, (ulong)passphrase.Length, salt, (ulong)parameters.Passes, memoryBytes, Sodium.Argon2Id13);
            return result == 0
                ? new RootKey(key)
                : throw new KeyException(FaultCodes.KeyDerivationTooCostly, $"There is no memory to stretch the passphrase with {parameters.MemoryKiB} KiB.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }
}
