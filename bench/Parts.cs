using System.Diagnostics;
using System.Security.Cryptography;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Compression;

namespace SecureBackup.Bench;

/// <summary>What the unavoidable parts of a backup cost alone, each on one thread over the same bytes.</summary>
internal sealed class Parts
{
    private const int MaxSampleBytes = 256 << 20;

    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly byte[] _sample = new byte[MaxSampleBytes];
    private readonly List<Range> _chunks = [];
    private int _length;

    /// <summary>Bytes per second, in the order of a byte's way.</summary>
    internal IReadOnlyList<(string Name, double Rate)> Measure(DataSet data) =>
    [
        ("read (page cache)", RateOf(() => Read(data))),
        ("cut (keyed FastCDC)", RateOf(Cut)),
        ("hash (SHA-256)", RateOf(Hash)),
        ("compress (zstd 3)", RateOf(Compress)),
        ("seal (AES-256-GCM)", RateOf(Seal)),
    ];

    private double RateOf(Action work)
    {
        var watch = Stopwatch.StartNew();
        work();
        return _length / watch.Elapsed.TotalSeconds;
    }

    /// <summary>Files from all over the set until the sample is full.</summary>
    private void Read(DataSet data)
    {
        var step = (int)Math.Max(1, data.SizeBytes / MaxSampleBytes);
        for (var i = 0; i < data.Files.Count && _length < MaxSampleBytes; i += step)
        {
            using var file = File.OpenHandle(data.Files[i]);
            for (long offset = 0; _length < MaxSampleBytes;)
            {
                var count = RandomAccess.Read(file, _sample.AsSpan(_length, Math.Min(4 << 20, MaxSampleBytes - _length)), offset);
                if (count == 0)
                {
                    break;
                }

                offset += count;
                _length += count;
            }
        }
    }

    private void Cut()
    {
        var chunker = ChunkerCatalog.Create(ChunkerCatalog.Default, _key);
        for (var start = 0; start < _length;)
        {
            var length = chunker.NextBoundary(_sample.AsSpan(start, Math.Min(chunker.MaxBytes, _length - start)), isLast: true);
            _chunks.Add(start..(start + length));
            start += length;
        }
    }

    private void Hash()
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        foreach (var chunk in _chunks)
        {
            SHA256.HashData(_sample.AsSpan(chunk), hash);
        }
    }

    private void Compress()
    {
        using var compressor = new ZstdCompressor();
        var packed = new byte[8 << 20];
        foreach (var chunk in _chunks)
        {
            compressor.TryCompress(_sample.AsSpan(chunk), packed, out _);
        }
    }

    private void Seal()
    {
        using var cipher = new AesGcm(_key, AesGcm.TagByteSizes.MaxSize);
        var sealedBytes = new byte[8 << 20];
        Span<byte> nonce = stackalloc byte[12];
        Span<byte> tag = stackalloc byte[16];
        for (var i = 0; i < _chunks.Count; i++)
        {
            var plain = _sample.AsSpan(_chunks[i]);
            BitConverter.TryWriteBytes(nonce, i);
            cipher.Encrypt(nonce, plain, sealedBytes.AsSpan(0, plain.Length), tag);
        }
    }
}
