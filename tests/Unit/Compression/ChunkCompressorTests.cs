using System.IO.Hashing;
using System.Text;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Compression;

public sealed class ChunkCompressorTests
{
    private const int Seed = 20261126;

    [Theory]
    [InlineData(CompressionGoal.Balanced)]
    [InlineData(CompressionGoal.Best)]
    public void Chunks_of_every_length_and_kind_come_back(CompressionGoal goal)
    {
        using var unpacked = new BufferShelf();
        using var compressor = new ChunkCompressor(goal, unpacked);
        using var zstd = new ZstdCompressor();
        var random = new Random(Seed);
        foreach (var lengthBytes in new[] { 0, 1, 63, 64, 1000, 131_071, 131_072, 300_000, 1_500_000, 4_194_304 })
        {
            foreach (var plain in new[] { Noise(random, lengthBytes), Table(random, lengthBytes), new byte[lengthBytes] })
            {
                if (!compressor.TryCompress(plain, XxHash3.HashToUInt64(plain), out var packed, out var checksum))
                {
                    continue;
                }

                Assert.Equal(XxHash3.HashToUInt64(packed.Span), checksum);
                var again = new byte[lengthBytes];
                zstd.Decompress(packed.Span, again);
                Assert.True(plain.AsSpan().SequenceEqual(again), $"{lengthBytes} bytes, seed {Seed}");
            }
        }
    }

    [Fact]
    public void Best_is_smaller_and_noise_stays_as_it_is()
    {
        var random = new Random(Seed);
        var table = Table(random, 1_000_000);
        Assert.InRange(PackedBytes(CompressionGoal.Best, table), 1, PackedBytes(CompressionGoal.Balanced, table) - 1);
        Assert.Equal(0, PackedBytes(CompressionGoal.Balanced, Noise(random, 1_000_000)));
    }

    [Fact]
    public void What_does_not_unpack_to_what_was_read_is_refused()
    {
        var plain = Table(new Random(Seed), 200_000);
        using var unpacked = new BufferShelf();
        using var compressor = new ChunkCompressor(CompressionGoal.Balanced, unpacked);
        var fault = Assert.Throws<IntegrityException>(() => compressor.TryCompress(plain, XxHash3.HashToUInt64(plain) ^ 1, out _, out _));
        Assert.Equal(FaultCodes.SealVerificationFailed, fault.Code);

        using var erring = new ChunkCompressor(CompressionGoal.Balanced, unpacked, new ZstdCompressor(new ErringCodec()));
        fault = Assert.Throws<IntegrityException>(() => erring.TryCompress(plain, XxHash3.HashToUInt64(plain), out _, out _));
        Assert.Equal(FaultCodes.SealVerificationFailed, fault.Code);
    }

    private static int PackedBytes(CompressionGoal goal, byte[] plain)
    {
        using var unpacked = new BufferShelf();
        using var compressor = new ChunkCompressor(goal, unpacked);
        return compressor.TryCompress(plain, XxHash3.HashToUInt64(plain), out var packed, out _) ? packed.Length : 0;
    }

    private static byte[] Noise(Random random, int lengthBytes)
    {
        var bytes = new byte[lengthBytes];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Table(Random random, int lengthBytes)
    {
        var text = new StringBuilder();
        while (text.Length < lengthBytes)
        {
            text.Append(random.Next(1_000_000)).Append(",customer ").Append(random.Next(5000)).Append(",2026-").Append(random.Next(1, 13)).Append(",open\n");
        }

        return Encoding.ASCII.GetBytes(text.ToString(0, lengthBytes));
    }

    /// <summary>Compresses other bytes than it was given, as a bit that flips in memory would have it.</summary>
    private sealed class ErringCodec : IZstdCodec
    {
        private readonly ManagedZstdCodec _codec = new();

        public bool TryCompress(ReadOnlySpan<byte> plain, Span<byte> destination, ZstdEffort effort, out int writtenBytes)
        {
            var wrong = plain.ToArray();
            wrong[^1] ^= 1;
            return _codec.TryCompress(wrong, destination, effort, out writtenBytes);
        }

        public int FrameBytes(ReadOnlySpan<byte> compressed) => _codec.FrameBytes(compressed);

        public bool TryDecompress(ReadOnlySpan<byte> compressed, Span<byte> destination, out int writtenBytes) =>
            _codec.TryDecompress(compressed, destination, out writtenBytes);

        public void Dispose() => _codec.Dispose();
    }
}
