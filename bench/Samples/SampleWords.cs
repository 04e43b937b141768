using System.Globalization;

namespace SecureBackup.Bench.Samples;

/// <summary>Words of a customer file: names made of syllables, a few of everything often and many of everything now and then, as people's data are.</summary>
internal sealed class SampleWords
{
    private static readonly string[] Syllables = "an ar bel ber bo bran cas cor da del den dor el en er fa fer gan gar ha hel il in ja kar kel la len lin lo lu ma mar mi mor na nel no o or pa per ra ren ri ro sa sel sen so ta ten ti to u va ven vi wen za".Split(' ');
    private static readonly string[] Channels = ["phone", "mail", "shop", "letter", "app"];
    private static readonly string[] Streets = ["Street", "Road", "Lane", "Avenue", "Square", "Way", "Close", "Hill"];

    private readonly Random _random;
    private readonly string[] _first;
    private readonly string[] _last;
    private readonly string[] _cities;
    private readonly string[] _words;

    internal SampleWords(Random random)
    {
        _random = random;
        _first = Made(1_200, 1, 3);
        _last = Made(20_000, 2, 4);
        _cities = Made(3_000, 2, 4);
        _words = [.. Made(6_000, 1, 4).Select(static word => word.ToLowerInvariant())];
    }

    internal string First() => Pick(_first);

    internal string Last() => Pick(_last);

    internal string Name() => $"{First()} {Last()}";

    internal string City() => Pick(_cities);

    internal string Street() => string.Create(CultureInfo.InvariantCulture, $"{Pick(_last)} {Streets[_random.Next(Streets.Length)]} {_random.Next(1, 200)}");

    internal string Channel() => Channels[_random.Next(Channels.Length)];

    internal string Time() => new DateTime(2019, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(_random.Next(230_000_000)).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    internal string Note(int maxWords)
    {
        var count = _random.Next(maxWords);
        return string.Join(' ', Enumerable.Range(0, count).Select(_ => Pick(_words)));
    }

    /// <summary>The first ones far more often than the last.</summary>
    private string Pick(string[] words) => words[(int)(words.Length * Math.Pow(_random.NextDouble(), 3))];

    private string[] Made(int count, int minSyllables, int maxSyllables)
    {
        var made = new HashSet<string>(StringComparer.Ordinal);
        while (made.Count < count)
        {
            var word = string.Concat(Enumerable.Range(0, _random.Next(minSyllables, maxSyllables + 1)).Select(_ => Syllables[_random.Next(Syllables.Length)]));
            if (word.Length > 1)
            {
                made.Add(char.ToUpperInvariant(word[0]) + word[1..]);
            }
        }

        return [.. made];
    }
}
