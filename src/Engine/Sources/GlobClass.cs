namespace SecureBackup.Engine.Sources;

/// <summary><c>[abc]</c>, <c>[a-z]</c>, <c>[!a]</c> or <c>[^a]</c>, and the named sets of ASCII as <c>[[:digit:]]</c>.</summary>
internal sealed class GlobClass
{
    private readonly List<(int First, int Last)> _ranges = [];
    private bool _isNegated;
    private bool _ignoresCase;

    /// <param name="index">At the opening bracket; afterwards at the closing one.</param>
    public static GlobClass Parse(ReadOnlySpan<int> pattern, ref int index, bool ignoresCase)
    {
        var set = new GlobClass { _ignoresCase = ignoresCase };
        var i = index + 1;
        if (i < pattern.Length && pattern[i] is '!' or '^')
        {
            set._isNegated = true;
            i++;
        }

        // A closing bracket that comes first is a member.
        for (var isFirst = true; ; isFirst = false)
        {
            if (i >= pattern.Length)
            {
                throw new FormatException("a '[' is not closed");
            }

            if (pattern[i] == ']' && !isFirst)
            {
                index = i;
                return set;
            }

            if (pattern[i] == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':')
            {
                set.AddNamed(pattern, ref i);
                continue;
            }

            var first = TakeMember(pattern, ref i);
            var last = first;
            if (i + 1 < pattern.Length && pattern[i] == '-' && pattern[i + 1] != ']')
            {
                i++;
                last = TakeMember(pattern, ref i);
            }

            set._ranges.Add((first, last));
        }
    }

    public bool Contains(int character) =>
        (Holds(character) || (_ignoresCase && Holds(PatternText.Unfold(character)))) != _isNegated;

    private static int TakeMember(ReadOnlySpan<int> pattern, ref int i)
    {
        if (pattern[i] == '\\')
        {
            i++;
        }

        return i < pattern.Length ? pattern[i++] : throw new FormatException("a '[' is not closed");
    }

    private bool Holds(int character)
    {
        foreach (var (first, last) in _ranges)
        {
            if (character >= first && character <= last)
            {
                return true;
            }
        }

        return false;
    }

    private void AddNamed(ReadOnlySpan<int> pattern, ref int i)
    {
        var name = pattern[(i + 2)..];
        var end = name.IndexOf(':');
        if (end < 0 || end + 1 >= name.Length || name[end + 1] != ']')
        {
            throw new FormatException("a '[:' is not closed by ':]'");
        }

        var text = string.Concat(name[..end].ToArray().Select(character => (char)character)).ToLowerInvariant();
        _ranges.AddRange(text switch
        {
            "alpha" => [('a', 'z'), ('A', 'Z')],
            "digit" => [('0', '9')],
            "alnum" => [('a', 'z'), ('A', 'Z'), ('0', '9')],
            "upper" => [('A', 'Z')],
            "lower" => [('a', 'z')],
            "space" => [(' ', ' '), ('\t', '\r')],
            "blank" => [(' ', ' '), ('\t', '\t')],
            "punct" => [('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
            "xdigit" => [('0', '9'), ('a', 'f'), ('A', 'F')],
            "cntrl" => new (int, int)[] { (0, 31), (127, 127) },
            _ => throw new FormatException($"'[:{text}:]' is no known set"),
        });
        i += end + 4;
    }
}
