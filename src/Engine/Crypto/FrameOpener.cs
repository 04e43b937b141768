using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// Opens frames of one object, in any order. Exists only for a key that the object's commitment confirmed, so a frame that does not open
/// is damage and never a wrong key. Not thread-safe; one for each object and thread. Nothing is allocated per frame.
/// </summary>
public sealed class FrameOpener : IDisposable
{
    private readonly ObjectHeader _header;
    private readonly AesGcm _cipher;

    private FrameOpener(in ObjectHeader header, AesGcm cipher)
    {
        _header = header;
        _cipher = cipher;
    }

    /// <param name="commitment">The 32 bytes stored with the object.</param>
    /// <returns>False when this is not the key that the object was sealed with; the caller knows which error that is.</returns>
    public static bool TryCreate(ObjectKey key, ReadOnlySpan<byte> commitment, [NotNullWhen(true)] out FrameOpener? opener)
    {
        Span<byte> derived = stackalloc byte[ObjectKey.DerivedBytes];
        key.Derive(derived);
        var isRightKey = CryptographicOperations.FixedTimeEquals(derived[SecretKey.SizeBytes..], commitment);
        opener = isRightKey ? new FrameOpener(key.Header, new AesGcm(derived[..SecretKey.SizeBytes], FrameBinding.TagBytes)) : null;
        CryptographicOperations.ZeroMemory(derived);
        return isRightKey;
    }

    /// <param name="claim">The same bytes as were sealed with the frame.</param>
    /// <param name="sealedFrame">ciphertext ‖ tag.</param>
    /// <param name="destination">Exactly 16 bytes shorter than <paramref name="sealedFrame"/>; cleared when the frame does not open.</param>
    /// <exception cref="IntegrityException">FrameTampered: any bit of frame, place or claim is not what was sealed.</exception>
    public void Open(ulong frame, bool isLast, ReadOnlySpan<byte> claim, ReadOnlySpan<byte> sealedFrame, Span<byte> destination)
    {
        if (sealedFrame.Length < FrameBinding.TagBytes || frame >= FrameBinding.MaxFrames)
        {
            throw Tampered(frame);
        }

        var plainBytes = sealedFrame.Length - FrameBinding.TagBytes;
        if (destination.Length != plainBytes)
        {
            throw new ArgumentException("The plaintext is 16 bytes shorter than its sealed frame.", nameof(destination));
        }

        Span<byte> nonce = stackalloc byte[FrameBinding.NonceBytes];
        FrameBinding.WriteNonce(frame, nonce);
        Span<byte> buffer = stackalloc byte[FrameBinding.MaxDataBytes];
        var data = FrameBinding.WriteData(buffer, _header, frame, isLast, claim);
        try
        {
            _cipher.Decrypt(nonce, sealedFrame[..plainBytes], sealedFrame[plainBytes..], destination, data);
        }
        catch (AuthenticationTagMismatchException)
        {
            destination.Clear();
            throw Tampered(frame);
        }
    }

    public void Dispose() => _cipher.Dispose();

    private IntegrityException Tampered(ulong frame) =>
        new(FaultCodes.FrameTampered, $"Frame {frame} of {_header.Kind} {_header.Object} does not open.");
}
