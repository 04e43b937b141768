using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class CryptoSelfTestTests
{
    [Fact]
    public void Every_algorithm_is_asked() => Assert.Equal(9, CryptoSelfTest.Run());

    [Fact]
    public void Its_small_Argon2id_answer_is_that_of_an_independent_implementation() =>
        Assert.Equal(
            "30194650d96fe2b5bdf604a6629ead1927884a2d0d181c8d1c05e85316ad0341",
            Convert.ToHexStringLower(PassphraseKdfTests.Reference("password", "sixteen byte sal"u8.ToArray(), 64, 2)));

    [Fact]
    public void A_wrong_answer_stops_everything()
    {
        var refused = Assert.Throws<KeyException>(() => CryptoSelfTest.Check("SHA-256", "00ff", [0x00, 0xfe]));
        Assert.Same(FaultCodes.CryptoSelfTestFailed, refused.Code);
    }
}
