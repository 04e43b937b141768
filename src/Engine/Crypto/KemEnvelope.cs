using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>Something sealed to one recipient: X-Wing ciphertext (1120) ‖ <see cref="SealedBlob"/> under the shared secret.</summary>
public static class KemEnvelope
{
    public static byte[] Seal(RecipientKey recipient, in ObjectHeader header, SealPurpose purpose, ReadOnlySpan<byte> plain)
    {
        var envelope = new byte[XWing.CiphertextBytes + SealedBlob.SealedBytesOf(plain.Length)];
        Span<byte> secret = stackalloc byte[XWing.SecretBytes];
        recipient.Encapsulate(envelope.AsSpan(0, XWing.CiphertextBytes), secret);
        SealedBlob.Seal(new ObjectKey(secret, header, purpose), plain, envelope.AsSpan(XWing.CiphertextBytes));
        CryptographicOperations.ZeroMemory(secret);
        return envelope;
    }

    /// <returns>The plaintext, which the caller now owns; null when the envelope is not for this identity.</returns>
    /// <exception cref="IntegrityException">FrameTampered, SealedTooLarge.</exception>
    public static OwnedBuffer? TryOpen(IdentityKey identity, in ObjectHeader header, SealPurpose purpose, ReadOnlySpan<byte> envelope, int maxPlainBytes)
    {
        if (envelope.Length < XWing.CiphertextBytes)
        {
            throw new IntegrityException(FaultCodes.FrameTampered, $"The envelope in {header.Kind} {header.Object} is cut short.");
        }

        Span<byte> secret = stackalloc byte[XWing.SecretBytes];
        try
        {
            return identity.TryDecapsulate(envelope[..XWing.CiphertextBytes], secret)
                ? SealedBlob.TryOpen(new ObjectKey(secret, header, purpose), envelope[XWing.CiphertextBytes..], maxPlainBytes)
                : null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }
}
