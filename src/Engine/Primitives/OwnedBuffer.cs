using System.Buffers;
using System.Security.Cryptography;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// A pooled buffer with exactly one owner. Whoever takes it disposes it; disposing wipes it, since every buffer here may
/// have held plaintext. No span or memory of it may be used after that.
/// </summary>
public sealed class OwnedBuffer : IDisposable
{
    /// <summary>From here on the shared pool, which doubles lengths and keeps a buffer of each for each thread, costs hundreds of MiB.</summary>
    private const int MinBlockBytes = 64 * 1024;

    /// <summary>A few chunks. Packs are longer than half of it, so they do not wait.</summary>
    private const long MaxIdleBytes = 12 * 1024 * 1024;

    private static readonly PageBlockPool Blocks = new(MaxIdleBytes);

    private byte[]? _array;
    private PageBlock? _block;

    private OwnedBuffer(int lengthBytes)
    {
        LengthBytes = lengthBytes;
        if (lengthBytes < MinBlockBytes)
        {
            _array = ArrayPool<byte>.Shared.Rent(Math.Max(1, lengthBytes));
        }
        else
        {
            _block = Blocks.Rent(lengthBytes);
        }
    }

    public int LengthBytes { get; private set; }

    public Memory<byte> Memory => Whole[..LengthBytes];

    public Span<byte> Span => Memory.Span;

    private Memory<byte> Whole => _block?.Memory ?? _array ?? throw new ObjectDisposedException(nameof(OwnedBuffer));

    public static OwnedBuffer Rent(int lengthBytes) => new(lengthBytes);

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
        CryptographicOperations.ZeroMemory(Span[lengthBytes..]);
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

        var block = Interlocked.Exchange(ref _block, null);
        if (block is not null)
        {
            CryptographicOperations.ZeroMemory(block.GetSpan()[..LengthBytes]);
            Blocks.Return(block);
        }
    }
}
