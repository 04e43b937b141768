using System.Buffers;
using System.Security.Cryptography;

namespace SecureBackup.Engine.Primitives;

/// <summary>
/// A pooled buffer with exactly one owner. Whoever takes it disposes it; disposing wipes it, since every buffer here may
/// have held plaintext, unless it is said to hold none. No span or memory of it may be used after that. A part of a shared buffer is given back, and wiped when the whole is.
/// </summary>
public sealed class OwnedBuffer : IDisposable
{
    /// <summary>From here on the shared pool, which doubles lengths and keeps a buffer of each for each thread, costs hundreds of MiB.</summary>
    private const int MinBlockBytes = 64 * 1024;

    /// <summary>A few chunks. Packs are longer than half of it, so they do not wait.</summary>
    private const long MaxIdleBytes = 3 * 1024 * 1024;

    internal static readonly PageBlockPool Blocks = new(MaxIdleBytes);

    private readonly bool _isSealed;
    private readonly BufferShelf? _shelf;
    private byte[]? _array;
    private PageBlock? _block;
    private SharedBuffer? _whole;
    private Memory<byte> _part;

    private OwnedBuffer(int lengthBytes, bool isSealed)
    {
        _isSealed = isSealed;
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

    internal OwnedBuffer(int lengthBytes, PageBlock block, BufferShelf shelf)
    {
        LengthBytes = lengthBytes;
        _block = block;
        _shelf = shelf;
    }

    internal OwnedBuffer(Memory<byte> part, SharedBuffer whole)
    {
        LengthBytes = part.Length;
        _part = part;
        _whole = whole;
    }

    public int LengthBytes { get; private set; }

    public Memory<byte> Memory => Whole[..LengthBytes];

    public Span<byte> Span => Memory.Span;

    private Memory<byte> Whole => _block?.Memory ?? _array ?? (_whole is null ? throw new ObjectDisposedException(nameof(OwnedBuffer)) : _part);

    public static OwnedBuffer Rent(int lengthBytes) => new(lengthBytes, isSealed: false);

    /// <summary>For bytes as they lie on a target, which nobody else may not see: not wiped.</summary>
    internal static OwnedBuffer RentForSealed(int lengthBytes) => new(lengthBytes, isSealed: true);

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
            CryptographicOperations.ZeroMemory(array.AsSpan(0, _isSealed ? 0 : LengthBytes));
            ArrayPool<byte>.Shared.Return(array);
        }

        var block = Interlocked.Exchange(ref _block, null);
        if (block is not null && _shelf is not null)
        {
            _shelf.Return(block);
        }
        else if (block is not null)
        {
            CryptographicOperations.ZeroMemory(block.GetSpan()[..(_isSealed ? 0 : LengthBytes)]);
            Blocks.Return(block);
        }

        Interlocked.Exchange(ref _whole, null)?.Release();
    }
}
