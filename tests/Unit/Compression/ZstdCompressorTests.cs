using System.Security.Cryptography;
using CsCheck;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Compression;

public sealed class ZstdCompressorTests
{
    private static readonly Gen<byte[]> Compressible =
        Gen.Select(Gen.Byte.Array[1, 40], Gen.Int[10, 3000]).Select((word, times) => Enumerable.Repeat(word, times).SelectMany(bytes => bytes).ToArray());

    public static TheoryData<string, string> Pairs => new() { { "native", "native" }, { "native", "managed" }, { "managed", "native" }, { "managed", "managed" } };

    private static ZstdCompressor Open(string codec)
    {
        if (codec is "managed")
        {
            return new ZstdCompressor(new ManagedZstdCodec());
        }

        Assert.SkipUnless(NativeZstdCodec.IsAvailable, "The native zstd library does not load on this system.");
        return new ZstdCompressor(new NativeZstdCodec());
    }

    private static byte[] Compress(ZstdCompressor compressor, byte[] plain)
    {
        var destination = new byte[plain.Length];
        Assert.True(compressor.TryCompress(plain, destination, out var written));
        return destination[..written];
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public void Each_library_reads_what_the_other_writes(string writer, string reader)
    {
        using var writing = Open(writer);
        using var reading = Open(reader);
        Compressible.Where(plain => plain.Length > 400).Sample(
            plain =>
            {
                var restored = new byte[plain.Length];
                reading.Decompress(Compress(writing, plain), restored);
                return restored.AsSpan().SequenceEqual(plain);
            },
            threads: 1,
            iter: 200);
    }

    [Theory]
    [InlineData("native")]
    [InlineData("managed")]
    public void What_does_not_pay_is_left_alone(string codec)
    {
        using var compressor = Open(codec);
        var noise = RandomNumberGenerator.GetBytes(100_000);
        Assert.False(compressor.TryCompress(noise, new byte[noise.Length], out var written));
        Assert.Equal(0, written);
        Assert.False(compressor.TryCompress(default, default, out _));
        Assert.False(compressor.TryCompress(new byte[64], new byte[64], out _));

        // Saves 2 %, which is less than a thirty-second part.
        var almostNoise = RandomNumberGenerator.GetBytes(100_000);
        almostNoise.AsSpan(0, 2_000).Clear();
        Assert.False(compressor.TryCompress(almostNoise, new byte[almostNoise.Length], out _));
        almostNoise.AsSpan(0, 5_000).Clear();
        Assert.True(compressor.TryCompress(almostNoise, new byte[almostNoise.Length], out written));
        Assert.InRange(written, 1, 100_000 - (100_000 / 32));
    }

    [Theory]
    [InlineData("native")]
    [InlineData("managed")]
    public void Longer_shorter_or_malformed_is_refused(string codec)
    {
        using var compressor = Open(codec);
        var plain = new byte[50_000];
        var compressed = Compress(compressor, plain);
        (byte[] Compressed, int Announced)[] wrong =
        [
            (compressed, 49_999), (compressed, 50_001), (compressed, 0),
            (compressed[..^1], 50_000), (compressed[1..], 50_000), ([.. compressed, 0], 50_000), ([], 0), ([1, 2, 3], 50_000),
        ];
        Assert.All(wrong, pair => Assert.Same(
            FaultCodes.DecompressionMismatch,
            Assert.Throws<IntegrityException>(() => compressor.Decompress(pair.Compressed, new byte[pair.Announced])).Code));

        // A context that met an error still works.
        compressor.Decompress(compressed, new byte[50_000]);
    }

    [Theory]
    [InlineData("native")]
    [InlineData("managed")]
    public void Several_frames_that_add_up_are_refused(string codec)
    {
        using var compressor = Open(codec);
        var plain = new byte[5_000];
        var frame = Compress(compressor, plain);
        byte[] skipped = [0x50, 0x2A, 0x4D, 0x18, 2, 0, 0, 0, 7, 7];
        var empty = Convert.FromHexString("28b52ffd2000010000");
        (byte[] Compressed, int Announced)[] wrong =
        [
            ([.. frame, .. frame], 10_000), ([.. frame, .. empty], 5_000), ([.. empty, .. frame], 5_000),
            ([.. skipped, .. frame], 5_000), ([.. frame, .. skipped], 5_000), (skipped, 0),
        ];
        Assert.All(wrong, pair => Assert.Same(
            FaultCodes.DecompressionMismatch,
            Assert.Throws<IntegrityException>(() => compressor.Decompress(pair.Compressed, new byte[pair.Announced])).Code));
        compressor.Decompress(empty, []);
        compressor.Decompress(frame, plain);
    }

    [Theory]
    [InlineData("native")]
    [InlineData("managed")]
    public void A_bomb_writes_and_allocates_nothing_beyond_what_was_announced(string codec)
    {
        using var compressor = Open(codec);
        var bomb = Compress(compressor, new byte[64 << 20]);
        var plain = new byte[1000];
        Assert.Throws<IntegrityException>(() => compressor.Decompress(bomb, plain));
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<IntegrityException>(() => compressor.Decompress(bomb, plain));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void A_frame_written_by_hand_from_RFC_8878_is_read()
    {
        // Magic, single segment, length 13, one raw last block.
        using var compressor = new ZstdCompressor();
        var frame = Convert.FromHexString("28b52ffd200d690000" + Convert.ToHexString("SecureBackup\n"u8));
        var plain = new byte[13];
        compressor.Decompress(frame, plain);
        Assert.Equal("SecureBackup\n"u8, plain);
    }
}
