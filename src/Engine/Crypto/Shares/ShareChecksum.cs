namespace SecureBackup.Engine.Crypto;

/// <summary>RS1024: three words at the end of a share. Any three wrong words are found; a single one can be located.</summary>
internal static class ShareChecksum
{
    internal const int Words = 3;

    private static readonly uint[] Generator =
        [0xE0E040, 0x1C1C080, 0x3838100, 0x7070200, 0xE0E0009, 0x1C0C2412, 0x38086C24, 0x3090FC48, 0x21B1F890, 0x3F3F120];

    /// <summary>Fills in the last three words.</summary>
    internal static void Write(Span<int> words, bool isExtendable)
    {
        words[^Words..].Clear();
        var rest = Remainder(words, isExtendable) ^ 1;
        for (var i = 0; i < Words; i++)
        {
            words[^(Words - i)] = (int)(rest >> (10 * (Words - 1 - i))) & 1023;
        }
    }

    internal static bool IsRight(ReadOnlySpan<int> words, bool isExtendable) => Remainder(words, isExtendable) == 1;

    /// <summary>The places of words which, one of them exchanged or two neighbours swapped, would make the checksum right; empty where no such single slip explains it.</summary>
    internal static IReadOnlyList<int> Locate(ReadOnlySpan<int> words, Func<int[], bool> isRight)
    {
        var trial = words.ToArray();
        var places = new List<int>();
        for (var at = 0; at < trial.Length; at++)
        {
            var written = trial[at];
            for (var word = 0; word < ShareWords.Count; word++)
            {
                trial[at] = word;
                if (word != written && isRight(trial))
                {
                    places.Add(at);
                }
            }

            trial[at] = written;
        }

        for (var at = 0; at + 1 < trial.Length && places.Count == 0; at++)
        {
            (trial[at], trial[at + 1]) = (trial[at + 1], trial[at]);
            if (isRight(trial))
            {
                places.AddRange([at, at + 1]);
            }

            (trial[at], trial[at + 1]) = (trial[at + 1], trial[at]);
        }

        Array.Clear(trial);
        return places;
    }

    private static uint Remainder(ReadOnlySpan<int> words, bool isExtendable)
    {
        var rest = 1u;
        foreach (var letter in isExtendable ? "shamir_extendable"u8 : "shamir"u8)
        {
            rest = Step(rest, letter);
        }

        foreach (var word in words)
        {
            rest = Step(rest, (uint)word);
        }

        return rest;
    }

    private static uint Step(uint rest, uint value)
    {
        var top = rest >> 20;
        rest = ((rest & 0xFFFFF) << 10) ^ value;
        for (var i = 0; i < Generator.Length; i++)
        {
            rest ^= (uint)-(int)((top >> i) & 1) & Generator[i];
        }

        return rest;
    }
}
