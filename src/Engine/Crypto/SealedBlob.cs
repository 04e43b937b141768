using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// A whole plaintext, sealed: commitment (32) ‖ frames of 65,536 plaintext bytes, each with its 16-byte tag, no claims, the last flagged.
/// Only the last frame is shorter, and it is empty only when the whole plaintext is: one plaintext has one shape.
/// </summary>
public static class SealedBlob
{
    public const int FramePlainBytes = 65_536;

    private const int FrameBytes = FramePlainBytes + FrameSealer.TagBytes;

    public static int SealedBytesOf(int plainBytes) =>
        checked(ObjectKey.CommitmentBytes + plainBytes + (FramesOf(plainBytes) * FrameSealer.TagBytes));

    public static byte[] Seal(ObjectKey key, ReadOnlySpan<byte> plain)
    {
        var blob = new byte[SealedBytesOf(plain.Length)];
        Seal(key, plain, blob);
        return blob;
    }

    /// <param name="destination">Exactly <see cref="SealedBytesOf"/> bytes.</param>
    public static void Seal(ObjectKey key, ReadOnlySpan<byte> plain, Span<byte> destination)
    {
        using var sealer = new FrameSealer(key);
        sealer.Commitment.CopyTo(destination);
        destination = destination[ObjectKey.CommitmentBytes..];
        bool isLast;
        do
        {
            isLast = plain.Length <= FramePlainBytes;
            var length = isLast ? plain.Length : FramePlainBytes;
            sealer.Seal(isLast, claim: default, plain[..length], destination[..(length + FrameSealer.TagBytes)]);
            plain = plain[length..];
            destination = destination[(length + FrameSealer.TagBytes)..];
        }
        while (!isLast);
    }

    /// <returns>The plaintext, which the caller now owns; null when this is not the key that the blob was sealed with.</returns>
    /// <param name="maxPlainBytes">Enforced before anything is allocated.</param>
    /// <exception cref="IntegrityException">FrameTampered: changed or cut. SealedTooLarge: longer than the format allows.</exception>
    public static OwnedBuffer? TryOpen(ObjectKey key, ReadOnlySpan<byte> blob, int maxPlainBytes)
    {
        var plainBytes = PlainBytesOf(key.Header, blob.Length, maxPlainBytes);
        if (!FrameOpener.TryCreate(key, blob[..ObjectKey.CommitmentBytes], out var opener))
        {
            return null;
        }

        using (opener)
        {
            var plain = OwnedBuffer.Rent(plainBytes);
            try
            {
                OpenFrames(opener, blob[ObjectKey.CommitmentBytes..], plain.Span);
                return plain;
            }
            catch
            {
                plain.Dispose();
                throw;
            }
        }
    }

    private static void OpenFrames(FrameOpener opener, ReadOnlySpan<byte> frames, Span<byte> plain)
    {
        for (ulong frame = 0; ; frame++)
        {
            var isLast = frames.Length <= FrameBytes;
            var length = isLast ? frames.Length : FrameBytes;
            opener.Open(frame, isLast, claim: default, frames[..length], plain[..(length - FrameSealer.TagBytes)]);
            if (isLast)
            {
                return;
            }

            frames = frames[length..];
            plain = plain[(length - FrameSealer.TagBytes)..];
        }
    }

    private static int PlainBytesOf(in ObjectHeader header, int blobBytes, int maxPlainBytes)
    {
        var framesBytes = blobBytes - ObjectKey.CommitmentBytes;
        var frames = Math.Max(1, (framesBytes + FrameBytes - 1L) / FrameBytes);
        var plainBytes = framesBytes - (frames * FrameSealer.TagBytes);
        var lastPlainBytes = plainBytes - ((frames - 1) * FramePlainBytes);
        if (lastPlainBytes < 0 || (lastPlainBytes == 0 && frames > 1))
        {
            throw new IntegrityException(FaultCodes.FrameTampered, $"What is sealed in {header.Kind} {header.Object} is cut short.");
        }

        return plainBytes <= maxPlainBytes
            ? (int)plainBytes
            : throw new IntegrityException(
                FaultCodes.SealedTooLarge,
                $"What is sealed in {header.Kind} {header.Object} has {plainBytes} bytes; at most {maxPlainBytes} are allowed.");
    }

    private static int FramesOf(int plainBytes) => Math.Max(1, (int)((plainBytes + FramePlainBytes - 1L) / FramePlainBytes));
}
