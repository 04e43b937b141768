using System.Security.Cryptography;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Crypto;

/// <summary>
/// Seals the frames of one object, numbered 0, 1, 2 … by the sealer itself, so that no nonce is ever used twice. An attempt consumes its
/// number even if it fails: the object is then abandoned and a new one begun under a new id. Not thread-safe; one for each object.
/// Nothing is allocated per frame.
/// </summary>
public sealed class FrameSealer : IDisposable
{
    public const int TagBytes = FrameBinding.TagBytes;
    public const int MaxClaimBytes = FrameBinding.MaxClaimBytes;

    private readonly ObjectHeader _header;
    private readonly AesGcm _cipher;
    private readonly byte[] _commitment = new byte[ObjectKey.CommitmentBytes];
    private ulong _next;
    private bool _isFinished;

    public FrameSealer(ObjectKey key)
        : this(key, firstFrame: 0)
    {
    }

    /// <summary>For the test of the limit, which no test can reach by counting.</summary>
    internal FrameSealer(ObjectKey key, ulong firstFrame)
    {
        Span<byte> derived = stackalloc byte[ObjectKey.DerivedBytes];
        key.Derive(derived);
        _header = key.Header;
        _next = firstFrame;
        _cipher = new AesGcm(derived[..SecretKey.SizeBytes], TagBytes);
        derived[SecretKey.SizeBytes..].CopyTo(_commitment);
        CryptographicOperations.ZeroMemory(derived);
    }

    /// <summary>32 public bytes to store before the first frame.</summary>
    public ReadOnlySpan<byte> Commitment => _commitment;

    /// <param name="isLast">Flags the end of the object; nothing can be sealed after it.</param>
    /// <param name="claim">What the frame says it is, at most 96 bytes; the reader must give the same.</param>
    /// <param name="destination">Exactly 16 bytes longer than <paramref name="plain"/>; gets ciphertext ‖ tag.</param>
    /// <returns>The frame's number.</returns>
    /// <exception cref="InvalidOperationException">A bug in the caller: sealed after the last frame, or beyond 2³¹ frames.</exception>
    public ulong Seal(bool isLast, ReadOnlySpan<byte> claim, ReadOnlySpan<byte> plain, Span<byte> destination)
    {
        var frame = _next++;
        if (_isFinished || frame >= FrameBinding.MaxFrames)
        {
            throw new InvalidOperationException("This object takes no further frame.");
        }

        _isFinished = isLast;
        if (destination.Length != plain.Length + TagBytes)
        {
            throw new ArgumentException("The sealed frame is 16 bytes longer than its plaintext.", nameof(destination));
        }

        Span<byte> nonce = stackalloc byte[FrameBinding.NonceBytes];
        FrameBinding.WriteNonce(frame, nonce);
        Span<byte> buffer = stackalloc byte[FrameBinding.MaxDataBytes];
        var data = FrameBinding.WriteData(buffer, _header, frame, isLast, claim);
        _cipher.Encrypt(nonce, plain, destination[..plain.Length], destination[plain.Length..], data);
        return frame;
    }

    public void Dispose() => _cipher.Dispose();
}
