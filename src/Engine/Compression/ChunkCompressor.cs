using System.IO.Hashing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Compression;

/// <summary>What a run's chunks are compressed for.</summary>
public enum CompressionGoal
{
    /// <summary>For each kind of content what gives the most for the time.</summary>
    Balanced,

    /// <summary>Smaller: by 3 to 8 %, in about one and a quarter times the time of the whole backup.</summary>
    Best,
}

/// <summary>
/// Compresses chunks as hard as it pays. Short ones always alike, since little time goes into them, and long ones of bytes, which all gain from short matches. Of long texts every sixteenth is
/// tried: a piece of it is compressed both ways, and the next ones go the way that paid. That costs 2 %, and saves an eighth of the time where they get as short either way. Not thread-safe.
/// </summary>
internal sealed class ChunkCompressor : IDisposable
{
    private const int MinLongBytes = 128 * 1024;
    private const int TrialBytes = 128 * 1024;
    private const int ChunksPerTrial = 16;

    /// <summary>A text holds no zeros; of other content that is this long, almost all does.</summary>
    private const int SampleBytes = 4096;

    /// <summary>
    /// Quick compression takes three quarters to nine tenths of the time. What a short piece gains, a whole chunk gains twice: where a fiftieth shows, a twentieth of
    /// the stored bytes is at stake, which is worth that time.
    /// </summary>
    private const int PayingPart = 50;

    private readonly CompressionGoal _goal;
    private readonly ZstdCompressor _zstd;
    private readonly Scratch _packed = new();
    private readonly BufferShelf _unpacked;
    private int _longTexts;
    private ZstdEffort _ofLongTexts;

    /// <param name="unpacked">Where chunks are unpacked again, one at a time. Stays the caller's.</param>
    internal ChunkCompressor(CompressionGoal goal, BufferShelf unpacked)
        : this(goal, unpacked, new ZstdCompressor())
    {
    }

    /// <param name="zstd">Taken over.</param>
    internal ChunkCompressor(CompressionGoal goal, BufferShelf unpacked, ZstdCompressor zstd)
    {
        _goal = goal;
        _zstd = zstd;
        _unpacked = unpacked;
    }

    /// <summary>Compresses a chunk, and unpacks it again to see that it is the same.</summary>
    /// <param name="plainChecksum">XXH3 of the plaintext, taken earlier.</param>
    /// <param name="packed">The compressor's own; holds until its next call.</param>
    /// <param name="checksum">XXH3 of what is packed, taken before it was unpacked.</param>
    /// <returns>False where compression does not pay.</returns>
    /// <exception cref="IntegrityException">SealVerificationFailed: it unpacks to something else.</exception>
    internal bool TryCompress(ReadOnlySpan<byte> plain, ulong plainChecksum, out ReadOnlyMemory<byte> packed, out ulong checksum)
    {
        packed = default;
        checksum = 0;
        var room = _packed.Take(plain.Length);
        if (!_zstd.TryCompress(plain, room.Span, EffortFor(plain, room.Span), out var writtenBytes))
        {
            return false;
        }

        packed = room[..writtenBytes];
        checksum = XxHash3.HashToUInt64(packed.Span);
        using var unpacked = _unpacked.Rent(plain.Length);
        try
        {
            _zstd.Decompress(packed.Span, unpacked.Span);
        }
        catch (IntegrityException reason)
        {
            throw Misread(plain.Length, reason);
        }

        return XxHash3.HashToUInt64(unpacked.Span) == plainChecksum ? true : throw Misread(plain.Length);
    }

    public void Dispose()
    {
        _packed.Dispose();
        _zstd.Dispose();
    }

    private static IntegrityException Misread(int plainBytes, Exception? reason = null) =>
        new(FaultCodes.SealVerificationFailed, $"A chunk of {plainBytes} bytes, just compressed, does not unpack to what was read.", reason);

    private ZstdEffort EffortFor(ReadOnlySpan<byte> plain, Span<byte> scratch)
    {
        var isBest = _goal == CompressionGoal.Best;
        if (plain.Length < MinLongBytes)
        {
            return isBest ? ZstdEffort.BestOfShort : ZstdEffort.Short;
        }

        var piece = plain.Slice((plain.Length - TrialBytes) / 2, TrialBytes);
        if (piece[..SampleBytes].Contains((byte)0))
        {
            return isBest ? ZstdEffort.BestOfBytes : ZstdEffort.Bytes;
        }

        if (isBest)
        {
            return ZstdEffort.BestOfTexts;
        }

        if (_longTexts++ % ChunksPerTrial == 0)
        {
            _ofLongTexts = Try(piece, scratch);
        }

        return _ofLongTexts;
    }

    private ZstdEffort Try(ReadOnlySpan<byte> piece, Span<byte> scratch)
    {
        return _zstd.TryCompress(piece, scratch, ZstdEffort.Quick, out var quick)
            && _zstd.TryCompress(piece, scratch, ZstdEffort.Thorough, out var thorough)
            && quick - thorough >= quick / PayingPart ? ZstdEffort.Thorough : ZstdEffort.Quick;
    }

    /// <summary>Working memory for one chunk after the other. It grows at once, and shrinks when a row of chunks has needed half of it: after one long file the small ones need little.</summary>
    private sealed class Scratch : IDisposable
    {
        private const int MinBytes = 1024 * 1024;
        private const int ChunksUntilShorter = 64;

        private OwnedBuffer? _buffer;
        private int _shortInRow;

        internal Memory<byte> Take(int lengthBytes)
        {
            _shortInRow = _buffer?.LengthBytes > 2 * Math.Max(MinBytes, lengthBytes) ? _shortInRow + 1 : 0;
            if (_buffer is null || _buffer.LengthBytes < lengthBytes || _shortInRow == ChunksUntilShorter)
            {
                Dispose();
                _buffer = OwnedBuffer.Rent(Math.Max(MinBytes, lengthBytes));
                _shortInRow = 0;
            }

            return _buffer.Memory[..lengthBytes];
        }

        public void Dispose() => _buffer?.Dispose();
    }
}
