using System.IO.Hashing;
using System.Security.Cryptography;
using BenchmarkDotNet.Attributes;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Bench.Parts;

/// <summary>What happens to every byte, each step alone on one thread over the same sample.</summary>
[MemoryDiagnoser]
public class ByteParts : IDisposable
{
    private const int RoomBytes = 8 << 20;

    private readonly byte[] _room = new byte[RoomBytes];
    private readonly byte[] _opened = new byte[RoomBytes];
    private readonly ChunkIdKey _ids = new(PartSample.Key);
    private readonly RootKey _root = new(PartSample.Key);
    private readonly IChunker _chunker = ChunkerCatalog.Create(ChunkerCatalog.Default, PartSample.Key);
    private readonly BufferShelf _unpacked = new();
    private readonly ChunkCompressor _balanced;
    private readonly ChunkCompressor[] _everyCores;
    private readonly ChunkCompressor _best;
    private readonly ZstdCompressor _zstd = new();
    private PartSample _sample = null!;

    public ByteParts()
    {
        _balanced = new ChunkCompressor(CompressionGoal.Balanced, _unpacked);
        _everyCores = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new ChunkCompressor(CompressionGoal.Balanced, _unpacked))];
        _best = new ChunkCompressor(CompressionGoal.Best, _unpacked);
    }

    public static IReadOnlyList<string> Sets { get; set; } = [];

    [ParamsSource(nameof(Sets))]
    public string Set { get; set; } = string.Empty;

    [GlobalSetup]
    public void Begin() => _sample = PartSample.Of(Set);

    [Benchmark(Description = PartNames.Copy)]
    public void Copy()
    {
        foreach (var chunk in _sample.Chunks)
        {
            chunk.CopyTo(_room, 0);
        }
    }

    [Benchmark(Description = PartNames.Cut)]
    public long Cut()
    {
        var cuts = 0L;
        foreach (var piece in _sample.Pieces)
        {
            for (var start = 0; start < piece.Length; cuts++)
            {
                start += _chunker.NextBoundary(piece.AsSpan(start), isLast: true);
            }
        }

        return cuts;
    }

    [Benchmark(Description = PartNames.Identify)]
    public void Identify()
    {
        foreach (var chunk in _sample.Chunks)
        {
            _ids.IdOf(DomainId.Vault, chunk);
        }
    }

    [Benchmark(Description = PartNames.Compare)]
    public ulong HashFast()
    {
        var all = 0UL;
        foreach (var chunk in _sample.Chunks)
        {
            all ^= XxHash3.HashToUInt64(chunk);
        }

        return all;
    }

    [Benchmark(Description = PartNames.Compress)]
    public void Compress() => Compress(_balanced);

    /// <summary>Each core the whole sample: what they share, caches above all, makes it slower.</summary>
    [Benchmark(Description = PartNames.CompressAll)]
    public void CompressOnAllCores() => Parallel.ForEach(_everyCores, Compress);

    [Benchmark(Description = PartNames.CompressBest)]
    public void CompressBest() => Compress(_best);

    [Benchmark(Description = PartNames.CompressAtOne)]
    public void CompressAtOne() => CompressAt(1);

    [Benchmark(Description = PartNames.CompressAtTwo)]
    public void CompressAtTwo() => CompressAt(2);

    [Benchmark(Description = PartNames.CompressAtThree)]
    public void CompressAtThree() => CompressAt(3);

    [Benchmark(Description = PartNames.CompressAtNine)]
    public void CompressAtNine() => CompressAt(9);

    [Benchmark(Description = PartNames.Decompress)]
    public void Decompress()
    {
        for (var i = 0; i < _sample.Chunks.Count; i++)
        {
            if (_sample.Payloads[i].IsCompressed)
            {
                _zstd.Decompress(_sample.Payloads[i].Bytes, _room.AsSpan(0, _sample.Chunks[i].Length));
            }
        }
    }

    /// <summary>A frame for each chunk, of one object.</summary>
    [Benchmark(Description = PartNames.Seal)]
    public void SealAndOpen()
    {
        var key = new ObjectKey(_root.Bytes, new ObjectHeader(ObjectKind.Pack, 1, default, ObjectId.Random()), SealPurpose.Pack);
        using var sealer = new FrameSealer(key);
        if (!FrameOpener.TryCreate(key, sealer.Commitment, out var opener))
        {
            throw new InvalidOperationException("A key does not open what it sealed.");
        }

        using (opener)
        {
            foreach (var (bytes, _) in _sample.Payloads)
            {
                var frame = _room.AsSpan(0, bytes.Length + FrameSealer.TagBytes);
                var number = sealer.Seal(isLast: false, default, bytes, frame);
                opener.Open(number, isLast: false, default, frame, _opened.AsSpan(0, bytes.Length));
            }
        }
    }

    [Benchmark(Description = PartNames.HashPack)]
    public void HashPack()
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var (bytes, _) in _sample.Payloads)
        {
            SHA256.HashData(bytes, hash);
        }
    }

    [GlobalCleanup]
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _balanced.Dispose();
            Array.ForEach(_everyCores, static compressor => compressor.Dispose());
            _best.Dispose();
            _unpacked.Dispose();
            _zstd.Dispose();
            _ids.Dispose();
            _root.Dispose();
        }
    }

    private void Compress(ChunkCompressor compressor)
    {
        for (var i = 0; i < _sample.Chunks.Count; i++)
        {
            compressor.TryCompress(_sample.Chunks[i], _sample.Checksums[i], out _, out _);
        }
    }

    private void CompressAt(int level)
    {
        using var options = new ZstdNet.CompressionOptions(level);
        using var compressor = new ZstdNet.Compressor(options);
        foreach (var chunk in _sample.Chunks)
        {
            compressor.Wrap(chunk, new Span<byte>(_room));
        }
    }
}
