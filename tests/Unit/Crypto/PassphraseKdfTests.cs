using System.Text;
using Org.BouncyCastle.Crypto.Generators;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using BouncyArgon2Parameters = Org.BouncyCastle.Crypto.Parameters.Argon2Parameters;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class PassphraseKdfTests
{
    private static readonly Argon2Parameters Least = new(Argon2Parameters.MinMemoryKiB, Argon2Parameters.MinPasses);
    private static readonly byte[] Salt = Encoding.ASCII.GetBytes("sixteen byte sal");

    /// <summary>Argon2id v1.3 with one lane, of another implementation.</summary>
    internal static byte[] Reference(string passphrase, byte[] salt, int memoryKiB, int passes)
    {
        var generator = new Argon2BytesGenerator();
        generator.Init(new BouncyArgon2Parameters.Builder(BouncyArgon2Parameters.Argon2id)
            .WithVersion(BouncyArgon2Parameters.Version13)
            .WithSalt(salt).WithParallelism(1).WithMemoryAsKB(memoryKiB).WithIterations(passes).Build());
        var key = new byte[32];
        generator.GenerateBytes(Encoding.UTF8.GetBytes(passphrase), key);
        return key;
    }

    private static byte[] Derive(string passphrase, Argon2Parameters parameters)
    {
        using var key = PassphraseKdf.Derive(passphrase, Salt, parameters);
        return key.Bytes.ToArray();
    }

    [Fact]
    public void The_key_is_that_of_an_independent_Argon2id() =>
        Assert.Equal(Reference("correct horse", Salt, Least.MemoryKiB, Least.Passes), Derive("correct horse", Least));

    [Fact]
    public void Libsodium_gives_the_answer_that_it_always_gave()
    {
        var key = new byte[32];
        var passphrase = Convert.FromHexString(
            "a347ae92bce9f80f6f595a4480fc9c2fe7e7d7148d371e9487d75f5c23008ffae065577a928febd9b1973a5a95073acdbeb6a030cfc0d79caa2dc5cd011cef02c0"
            + "8da232d76d52dfbca38ca8dcbd665b17d1665f7cf5fe59772ec909733b24de97d6f58d220b20c60d7c07ec1fd93c52c31020300c6c1facd77937a597c7a6");
        var salt = Convert.FromHexString("5541fbc995d5c197ba290346d2c559de");
        Assert.Equal(0, Sodium.Argon2(key, 32, passphrase, (ulong)passphrase.Length, salt, 5, 7_256_678, Sodium.Argon2Id13));
        Assert.Equal("b55073915da6375037fc90291233a9f53a2a936d5b3fb008f849bc3e8d920197", Convert.ToHexStringLower(key));
    }

    [Fact]
    public void Salt_passes_and_memory_all_count()
    {
        var keys = new[]
        {
            Derive("correct horse", Least), Derive("correct horsf", Least), Derive("correct horse", Least with { Passes = 3 }),
            Derive("correct horse", Least with { MemoryKiB = 20_000 }),
        };
        using var otherSalt = PassphraseKdf.Derive("correct horse", new byte[16], Least);
        Assert.Equal(5, keys.Append(otherSalt.Bytes.ToArray()).Select(Convert.ToHexString).Distinct().Count());
    }

    [Theory]
    [InlineData("Stra\u00dfe \u00e4", "Stra\u00dfe a\u0308")]
    [InlineData("\ufb01", "fi")]
    [InlineData("\u212b", "\u00c5")]
    [InlineData("\uff21\uff22", "AB")]
    public void However_it_is_typed_it_is_the_same_passphrase(string one, string other) =>
        Assert.Equal(PassphraseKdf.Encode(one), PassphraseKdf.Encode(other));

    [Fact]
    public void The_encoding_is_UTF_8()
    {
        Assert.Equal(Encoding.UTF8.GetBytes("p\u00e4ss \U0001F511"), PassphraseKdf.Encode("pa\u0308ss \U0001F511"));
        Assert.NotEqual(PassphraseKdf.Encode("Case"), PassphraseKdf.Encode("case"));
        Assert.NotEqual(PassphraseKdf.Encode("a "), PassphraseKdf.Encode("a"));
    }

    [Fact]
    public void An_empty_passphrase_is_refused() =>
        Assert.Same(FaultCodes.EmptyPassphrase, Assert.Throws<RequestException>(() => PassphraseKdf.Derive("", Salt, Least)).Code);

    [Fact]
    public void What_is_no_text_is_refused_without_being_quoted()
    {
        var refused = Assert.Throws<RequestException>(() => PassphraseKdf.Derive("secret\ud800", Salt, Least));
        Assert.Same(FaultCodes.PassphraseNotText, refused.Code);
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(19_455, 2)]
    [InlineData(65_536, 1)]
    [InlineData(0, 0)]
    [InlineData(-1, 3)]
    public void A_weakened_derivation_is_refused(int memoryKiB, int passes) =>
        Assert.Same(
            FaultCodes.WeakKeyDerivation,
            Assert.Throws<KeyException>(() => PassphraseKdf.Derive("x", Salt, new Argon2Parameters(memoryKiB, passes))).Code);

    [Theory]
    [InlineData(4_194_305, 3)]
    [InlineData(65_536, 65)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void An_exhausting_derivation_is_refused(int memoryKiB, int passes) =>
        Assert.Same(
            FaultCodes.KeyDerivationTooCostly,
            Assert.Throws<KeyException>(() => PassphraseKdf.Derive("x", Salt, new Argon2Parameters(memoryKiB, passes))).Code);

    [Fact]
    public void Where_Unicode_is_not_normalised_no_passphrase_is_taken()
    {
        PassphraseKdf.RequireNormalization("fi");
        Assert.Same(FaultCodes.NormalizationUnavailable, Assert.Throws<KeyException>(() => PassphraseKdf.RequireNormalization("\ufb01")).Code);
    }
}
