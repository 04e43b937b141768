using System.Text;
using SecureBackup.Targets.Checksums;

namespace SecureBackup.Tests.Unit.Stores.Checksums;

public sealed class Crc32CTests
{
    /// <summary>RFC 3720, B.4, and the check value of the catalogues.</summary>
    [Theory]
    [InlineData("313233343536373839", 0xE3069283u)]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", 0x8A9136AAu)]
    [InlineData("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", 0x62A8AB43u)]
    [InlineData("000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F", 0x46DD794Eu)]
    [InlineData("1F1E1D1C1B1A191817161514131211100F0E0D0C0B0A09080706050403020100", 0x113FDB5Cu)]
    [InlineData("", 0u)]
    public void Known_sums_come_out(string hex, uint expected) => Assert.Equal(expected, Crc32C.Of(Convert.FromHexString(hex)));

    [Fact]
    public void Pieces_of_any_length_give_the_sum_of_the_whole()
    {
        var bytes = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 100).Select(index => $"{index} ")));
        for (var cut = 0; cut <= bytes.Length; cut++)
        {
            var sum = new Crc32C();
            sum.Append(bytes.AsSpan(0, cut));
            sum.Append(bytes.AsSpan(cut));
            Assert.Equal(Crc32C.Of(bytes), sum.Value);
        }
    }

    [Fact]
    public void The_text_has_the_highest_byte_first() => Assert.Equal("4waSgw==", Crc32C.ToText(0xE3069283));
}
