using System.Buffers;
using System.Security.Cryptography;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// A pooled buffer with exactly one owner. Whoever takes it disposes it; disposing wipes it, since every buffer here may
/// have held plaintext.
/// </summary>
public sealed class OwnedBuffer : IDisposable
{
    private byte[]? _array;

    private OwnedBuffer(byte[] array, int length)
    {
        _array = array;
        LengthBytes = length;
    }

    public int LengthBytes { get; private set; }

    public Memory<byte> Memory => Array.AsMemory(0, LengthBytes);

    public Span<byte> Span => Array.AsSpan(0, LengthBytes);

    private byte[] Array => _array ?? throw new ObjectDisposedException(nameof(OwnedBuffer));

    public static OwnedBuffer Rent(int lengthBytes) => new(ArrayPool<byte>.Shared.Rent(Math.Max(1, lengthBytes)), lengthBytes);

    public static OwnedBuffer CopyOf(ReadOnlySpan<byte> bytes)
    {
        var buffer = Rent(bytes.Length);
        bytes.CopyTo(buffer.Span);
        return buffer;
    }

    /// <summary>Shortens the visible part; the rest is wiped with it.</summary>
    public void Truncate(int lengthBytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lengthBytes, LengthBytes);
        CryptographicOperations.ZeroMemory(Array.AsSpan(lengthBytes, LengthBytes - lengthBytes));
        LengthBytes = lengthBytes;
    }

    public void Dispose()
    {
        var array = Interlocked.Exchange(ref _array, null);
        if (array is not null)
        {
            CryptographicOperations.ZeroMemory(array.AsSpan(0, LengthBytes));
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
