using System.Text;
using CsCheck;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Tests.Unit.Entries;

public sealed class Wtf8Tests
{
    [Fact]
    public void AnyUtf16ComesBack() =>
        Gen.OneOf(Gen.Char, Gen.Char['\uD7F0', '\uE010']).Array[0, 20].Sample(text => Wtf8.Decode(Wtf8.Encode(text)).AsSpan().SequenceEqual(text));

    [Theory]
    [InlineData("a")]
    [InlineData("é")]
    [InlineData("\U0001F600")]
    public void WellFormedTextIsUtf8(string text) => Assert.Equal(Encoding.UTF8.GetBytes(text), Wtf8.Encode(text));

    [Fact]
    public void ALoneSurrogateHasThreeBytes() => Assert.Equal([0xED, 0xA0, 0x80], Wtf8.Encode("\uD800"));
}
