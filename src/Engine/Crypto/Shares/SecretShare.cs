using System.Security.Cryptography;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Crypto;

/// <summary>What all shares of one set have in common.</summary>
/// <param name="Identifier">15 random bits.</param>
/// <param name="GroupThreshold">How many of the <paramref name="GroupCount"/> groups it takes; vaults use one of one.</param>
public readonly record struct ShareFacts(int Identifier, bool IsExtendable, int IterationExponent, int GroupThreshold, int GroupCount);

/// <summary>One share of a secret: a point of its group's polynomials. Owns its value, which is as secret as the whole in the hands of enough holders.</summary>
public sealed class SecretShare : IDisposable
{
    /// <summary>Identifier and exponent take two words, groups and members two, the checksum three.</summary>
    private const int FrontWords = 4;
    private const int MinValueBytes = 16;
    private const int MaxValueBytes = 64;

    private readonly byte[] _value;

    internal SecretShare(ShareFacts facts, int group, int member, int memberThreshold, ReadOnlySpan<byte> value)
    {
        (Facts, Group, Member, MemberThreshold) = (facts, group, member, memberThreshold);
        _value = GC.AllocateUninitializedArray<byte>(value.Length, pinned: true);
        value.CopyTo(_value);
    }

    public ShareFacts Facts { get; }

    /// <summary>Which group it is of, from 0.</summary>
    public int Group { get; }

    /// <summary>Which one of its group, from 0.</summary>
    public int Member { get; }

    /// <summary>How many of its group it takes.</summary>
    public int MemberThreshold { get; }

    internal byte[] Value => _value;

    /// <summary>How many words a share of a secret of this length has: 33 of 32 bytes.</summary>
    public static int WordsOf(int secretBytes) => FrontWords + (((secretBytes * 8) + 9) / 10) + ShareChecksum.Words;

    public override string ToString() => nameof(SecretShare);

    public void Dispose() => CryptographicOperations.ZeroMemory(_value);

    /// <summary>The share in words, a space between two; the caller wipes them.</summary>
    public char[] ToWords()
    {
        var words = new int[WordsOf(_value.Length)];
        var front = new WordBits(words);
        front.Put(Facts.Identifier, 15);
        front.Put(Facts.IsExtendable ? 1 : 0, 1);
        front.Put(Facts.IterationExponent, 4);
        front.Put(Group, 4);
        front.Put(Facts.GroupThreshold - 1, 4);
        front.Put(Facts.GroupCount - 1, 4);
        front.Put(Member, 4);
        front.Put(MemberThreshold - 1, 4);
        front.Put(0, PaddingOf(words.Length));
        foreach (var part in _value)
        {
            front.Put(part, 8);
        }

        ShareChecksum.Write(words, Facts.IsExtendable);
        var text = GC.AllocateArray<char>(words.Sum(static word => ShareWords.Of(word).Length) + words.Length - 1, pinned: true);
        var at = 0;
        foreach (var word in words)
        {
            if (at > 0)
            {
                text[at++] = ' ';
            }

            var letters = ShareWords.Of(word);
            letters.CopyTo(text.AsSpan(at));
            at += letters.Length;
        }

        Array.Clear(words);
        return text;
    }

    /// <param name="text">Words between spaces or line ends; four letters of each are enough.</param>
    /// <param name="where">For errors: "sheet 2". No error ever holds a word of the text.</param>
    /// <exception cref="RequestException">ShareWordUnknown, ShareLengthWrong, ShareChecksumWrong, ShareMalformed.</exception>
    public static SecretShare Parse(ReadOnlySpan<char> text, string where)
    {
        var words = ReadWords(text, where);
        try
        {
            if (words.Length < WordsOf(MinValueBytes) || words.Length > WordsOf(MaxValueBytes) || PaddingOf(words.Length) > 8)
            {
                throw new RequestException(FaultCodes.ShareLengthWrong, $"There are {words.Length} words on {where}; a vault's share has {WordsOf(SecretKey.SizeBytes)}.");
            }

            return IsRight(words) ? Decode(words, where) : throw WrongChecksum(words, where);
        }
        finally
        {
            Array.Clear(words);
        }
    }

    private static int[] ReadWords(ReadOnlySpan<char> text, string where)
    {
        var words = new List<int>(WordsOf(SecretKey.SizeBytes));
        foreach (var range in text.SplitAny(" \t\r\n"))
        {
            if (text[range].IsEmpty)
            {
                continue;
            }

            words.Add(ShareWords.IndexOf(text[range]) is >= 0 and var word
                ? word
                : throw new RequestException(FaultCodes.ShareWordUnknown, $"Word {words.Count + 1} on {where} is none of the words that shares are made of."));
        }

        return [.. words];
    }

    private static bool IsRight(ReadOnlySpan<int> words) => ShareChecksum.IsRight(words, isExtendable: (words[1] & 0b1_0000) != 0);

    private static RequestException WrongChecksum(int[] words, string where) => new(
        FaultCodes.ShareChecksumWrong,
        ShareChecksum.Locate(words, static trial => IsRight(trial)) switch
        {
            [var only] => $"The words on {where} do not fit together: word {only + 1} is wrong, if only one is.",
            [var first, var second] => $"The words on {where} do not fit together: words {first + 1} and {second + 1} are wrong or swapped.",
            _ => $"The words on {where} do not fit together: several are wrong, missing or out of order.",
        });

    private static SecretShare Decode(int[] words, string where)
    {
        var bits = new WordBits(words);
        var identifier = bits.Take(15);
        var facts = new ShareFacts(identifier, bits.Take(1) == 1, bits.Take(4), 0, 0);
        var group = bits.Take(4);
        facts = facts with { GroupThreshold = bits.Take(4) + 1, GroupCount = bits.Take(4) + 1 };
        var member = bits.Take(4);
        var threshold = bits.Take(4) + 1;
        Span<byte> value = stackalloc byte[MaxValueBytes];
        value = value[..((((words.Length - FrontWords - ShareChecksum.Words) * 10) - PaddingOf(words.Length)) / 8)];
        if (bits.Take(PaddingOf(words.Length)) != 0 || facts.GroupThreshold > facts.GroupCount || group >= facts.GroupCount)
        {
            throw new RequestException(FaultCodes.ShareMalformed, $"The words on {where} are no share, though their checksum is right.");
        }

        foreach (ref var part in value)
        {
            part = (byte)bits.Take(8);
        }

        var share = new SecretShare(facts, group, member, threshold, value);
        CryptographicOperations.ZeroMemory(value);
        return share;
    }

    private static int PaddingOf(int words) => (words - FrontWords - ShareChecksum.Words) * 10 % 16;

    /// <summary>Words as one row of bits, ten each, the highest first.</summary>
    private ref struct WordBits(Span<int> words)
    {
        private readonly Span<int> _words = words;
        private int _at;

        internal void Put(int value, int count)
        {
            for (var bit = count - 1; bit >= 0; bit--, _at++)
            {
                _words[_at / 10] |= ((value >> bit) & 1) << (9 - (_at % 10));
            }
        }

        internal int Take(int count)
        {
            var value = 0;
            for (; count > 0; count--, _at++)
            {
                value = (value << 1) | ((_words[_at / 10] >> (9 - (_at % 10))) & 1);
            }

            return value;
        }
    }
}
