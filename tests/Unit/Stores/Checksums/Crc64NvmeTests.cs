using System.Text;
using SecureBackup.Targets.Checksums;

namespace SecureBackup.Tests.Unit.Stores.Checksums;

public sealed class Crc64NvmeTests
{
    [Fact]
    public void It_is_the_one_that_the_platforms_know()
    {
        var sum = Crc64Nvme.Of(Encoding.ASCII.GetBytes("123456789"));

        Assert.Equal(0xAE8B_1486_0A79_9888UL, sum);
        Assert.Equal("iJh5CoYUi64=", Convert.ToBase64String(Crc64Nvme.ToLittleEndian(sum)));
        Assert.Equal(0UL, Crc64Nvme.Of([]));
    }

    [Fact]
    public void In_pieces_of_any_size_it_is_the_same_as_bit_by_bit()
    {
        var bytes = new byte[100];
        new Random(7).NextBytes(bytes);
        for (var length = 0; length <= bytes.Length; length++)
        {
            var expected = BitByBit(bytes.AsSpan(0, length));
            Assert.Equal(expected, Crc64Nvme.Of(bytes.AsSpan(0, length)));
            var pieces = new Crc64Nvme();
            pieces.Append(bytes.AsSpan(0, length / 3));
            pieces.Append(bytes.AsSpan(length / 3, length - (length / 3)));
            Assert.Equal(expected, pieces.Value);
        }
    }

    private static ulong BitByBit(ReadOnlySpan<byte> bytes)
    {
        var state = ulong.MaxValue;
        foreach (var octet in bytes)
        {
            state ^= octet;
            for (var bit = 0; bit < 8; bit++)
            {
                state = (state & 1) == 0 ? state >> 1 : (state >> 1) ^ 0x9A6C_9329_AC4B_C9B5;
            }
        }

        return ~state;
    }
}
