using System.Security.Cryptography;
using System.Text.Json;
using CsCheck;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Crypto;

public sealed class SecretSharingTests
{
    private static readonly FaultCode[] Refusals =
    [
        FaultCodes.ShareChecksumWrong, FaultCodes.ShareLengthWrong, FaultCodes.ShareMalformed, FaultCodes.SharesOfDifferentSets, FaultCodes.TooFewShares,
        FaultCodes.DuplicateShare, FaultCodes.SharesDoNotFit,
    ];

    public static TheoryData<string, string[], string> Vectors
    {
        get
        {
            var data = new TheoryData<string, string[], string>();
            using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, "tests", "Golden", "slip-0039", "vectors.json")));
            foreach (var vector in file.RootElement.EnumerateArray())
            {
                data.Add(vector[0].GetString()!, [.. vector[1].EnumerateArray().Select(static share => share.GetString()!)], vector[2].GetString()!);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Vectors))]
    public void Agrees_with_the_official_vectors(string what, string[] shares, string secret)
    {
        if (secret.Length == 0)
        {
            var refused = Assert.Throws<RequestException>(() => CombineAll(shares));
            Assert.True(Refusals.Contains(refused.Code), $"{what}: {refused.Code.Name}");
            return;
        }

        Assert.Equal(secret, Convert.ToHexStringLower(CombineAll(shares)));
        foreach (var words in shares)
        {
            using var share = SecretShare.Parse(words, "sheet");
            Assert.Equal(words, new string(share.ToWords()));
        }
    }

    [Fact]
    public void Vectors_are_refused_for_what_they_show()
    {
        var codes = Vectors.Where(static row => row.Data.Item3.Length == 0)
            .ToDictionary(static row => row.Data.Item1, static row => Assert.Throws<RequestException>(() => CombineAll(row.Data.Item2)).Code, StringComparer.Ordinal);
        Assert.Same(FaultCodes.ShareChecksumWrong, codes["21. Mnemonic with invalid checksum (256 bits)"]);
        Assert.Same(FaultCodes.ShareMalformed, codes["22. Mnemonic with invalid padding (256 bits)"]);
        Assert.Same(FaultCodes.TooFewShares, codes["24. Basic sharing 2-of-3 (256 bits)"]);
        Assert.Same(FaultCodes.SharesOfDifferentSets, codes["25. Mnemonics with different identifiers (256 bits)"]);
        Assert.Same(FaultCodes.ShareMalformed, codes["29. Mnemonics with greater group threshold than group counts (256 bits)"]);
        Assert.Same(FaultCodes.DuplicateShare, codes["30. Mnemonics with duplicate member indices (256 bits)"]);
        Assert.Same(FaultCodes.SharesOfDifferentSets, codes["31. Mnemonics with mismatching member thresholds (256 bits)"]);
        Assert.Same(FaultCodes.SharesDoNotFit, codes["32. Mnemonics giving an invalid digest (256 bits)"]);
        Assert.Same(FaultCodes.TooFewShares, codes["35. Threshold number of groups, but insufficient number of members in one group (256 bits)"]);
        Assert.Same(FaultCodes.ShareLengthWrong, codes["39. Mnemonic with insufficient length"]);
    }

    [Fact]
    public void Any_k_of_n_give_the_secret_and_fewer_do_not()
    {
        Gen.Select(Gen.Int[2, 16], Gen.Int[0, int.MaxValue]).Sample(
            (count, seed) =>
            {
                var random = new Random(seed);
                var threshold = random.Next(2, count + 1);
                var secret = RandomNumberGenerator.GetBytes(32);
                var shares = SecretSharing.Split(secret, threshold, count).Select(static share => Again(share)).ToArray();
                random.Shuffle(shares);
                using var whole = SecretSharing.Combine(shares[..threshold]);
                using var more = SecretSharing.Combine(shares);
                Assert.Equal(secret, whole.Bytes);
                Assert.Equal(secret, more.Bytes);
                var few = Assert.Throws<RequestException>(() => SecretSharing.Combine(shares[..(threshold - 1)]));
                Assert.Same(FaultCodes.TooFewShares, few.Code);
            },
            iter: 20);
    }

    [Fact]
    public void One_of_one_is_the_secret_itself()
    {
        var secret = RandomNumberGenerator.GetBytes(32);
        var only = Assert.Single(SecretSharing.Split(secret, 1, 1));
        using var back = SecretSharing.Combine([Again(only)]);
        Assert.Equal(secret, back.Bytes);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 2)]
    [InlineData(3, 2)]
    [InlineData(2, 17)]
    public void Refuses_what_is_no_sharing(int threshold, int count) =>
        Assert.Same(FaultCodes.InvalidShareCount, Assert.Throws<RequestException>(() => SecretSharing.Split(new byte[32], threshold, count)).Code);

    [Fact]
    public void A_slip_is_found_and_located_and_no_word_is_told()
    {
        var words = new string(SecretSharing.Split(RandomNumberGenerator.GetBytes(32), 2, 3)[1].ToWords()).Split(' ');
        for (var at = 0; at < words.Length; at++)
        {
            string[] typo = [.. words];
            typo[at] = typo[at] is "academic" ? "zero" : "academic";
            var refused = Assert.Throws<RequestException>(() => SecretShare.Parse(string.Join(' ', typo), "sheet 2"));
            Assert.Same(FaultCodes.ShareChecksumWrong, refused.Code);
            Assert.Equal($"The words on sheet 2 do not fit together: word {at + 1} is wrong, if only one is.", refused.Message);
        }

        string[] swapped = [.. words];
        var place = Enumerable.Range(4, words.Length - 5).First(i => !string.Equals(words[i], words[i + 1], StringComparison.Ordinal));
        (swapped[place], swapped[place + 1]) = (swapped[place + 1], swapped[place]);
        Assert.Contains($"words {place + 1} and {place + 2} are wrong or swapped", Assert.Throws<RequestException>(() => SecretShare.Parse(string.Join(' ', swapped), "sheet 2")).Message, StringComparison.Ordinal);

        string[] unknown = [.. words];
        unknown[6] = "acadamic";
        var stranger = Assert.Throws<RequestException>(() => SecretShare.Parse(string.Join(' ', unknown), "sheet 2"));
        Assert.Same(FaultCodes.ShareWordUnknown, stranger.Code);
        Assert.Equal("Word 7 on sheet 2 is none of the words that shares are made of.", stranger.Message);
        Assert.Same(FaultCodes.ShareLengthWrong, Assert.Throws<RequestException>(() => SecretShare.Parse(string.Join(' ', words[1..]), "sheet 2")).Code);
    }

    [Fact]
    public void Four_letters_of_each_word_in_any_case_are_enough()
    {
        var secret = RandomNumberGenerator.GetBytes(32);
        var words = new string(Assert.Single(SecretSharing.Split(secret, 1, 1)).ToWords());
        using var share = SecretShare.Parse(string.Join("\r\n  ", words.Split(' ').Select(static word => word[..4].ToUpperInvariant())), "sheet");
        using var back = SecretSharing.Combine([share]);
        Assert.Equal(secret, back.Bytes);
    }

    [Fact]
    public void Shares_of_two_sets_a_share_twice_and_a_forged_one_are_told_apart()
    {
        var secret = RandomNumberGenerator.GetBytes(32);
        var one = SecretSharing.Split(secret, 2, 3);
        var other = SecretSharing.Split(secret, 2, 3);
        Assert.Same(FaultCodes.SharesOfDifferentSets, Assert.Throws<RequestException>(() => SecretSharing.Combine([one[0], other[1]])).Code);
        Assert.Same(FaultCodes.DuplicateShare, Assert.Throws<RequestException>(() => SecretSharing.Combine([one[0], one[0]])).Code);
        using var forged = new SecretShare(one[1].Facts, 0, 1, 2, RandomNumberGenerator.GetBytes(32));
        Assert.Same(FaultCodes.SharesDoNotFit, Assert.Throws<RequestException>(() => SecretSharing.Combine([one[0], forged])).Code);
        Assert.Same(FaultCodes.SharesDoNotFit, Assert.Throws<RequestException>(() => SecretSharing.Combine([one[0], one[2], forged])).Code);
    }

    [Fact]
    public void Fewer_than_k_shares_say_nothing_about_the_secret()
    {
        // Two very different secrets: the first share of either is as random as of the other. Here: every bit is set about half of the time.
        var ones = new int[256];
        for (var n = 0; n < 400; n++)
        {
            var share = SecretSharing.Split(new byte[32], 3, 3)[n % 3].Value;
            for (var bit = 0; bit < 256; bit++)
            {
                ones[bit] += (share[bit / 8] >> (bit % 8)) & 1;
            }
        }

        Assert.All(ones, static count => Assert.InRange(count, 100, 300));
    }

    [Fact]
    public void The_field_is_a_field()
    {
        for (var a = 1; a < 256; a++)
        {
            Assert.Equal(1, Gf256.Multiply((byte)a, Gf256.Invert((byte)a)));
        }

        // FIPS 197, 4.2.
        Assert.Equal(0xC1, Gf256.Multiply(0x57, 0x83));
    }

    private static SecretShare Again(SecretShare share) => SecretShare.Parse(share.ToWords(), "sheet");

    private static byte[] CombineAll(string[] shares) => SecretSharing.Combine([.. shares.Select(static share => SecretShare.Parse(share, "sheet"))], "TREZOR"u8);
}
