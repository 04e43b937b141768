namespace SecureBackup.Engine.Sources;

/// <summary>One line of a rule list; what the signs mean is told at <see cref="ExcludeRules"/>.</summary>
internal sealed class GlobRule
{
    private readonly bool _foldersOnly;
    private readonly bool _isAnchored;

    /// <summary>Null stands for <c>**</c>: any number of components.</summary>
    private readonly GlobSegment?[] _segments;

    private GlobRule(bool isNegated, bool foldersOnly, bool isAnchored, GlobSegment?[] segments)
    {
        IsNegated = isNegated;
        _foldersOnly = foldersOnly;
        _isAnchored = isAnchored;
        _segments = segments;
    }

    public bool IsNegated { get; }

    /// <summary>Throws <see cref="FormatException"/> with what is wrong.</summary>
    public static GlobRule Parse(ReadOnlySpan<byte> line, bool ignoresCase)
    {
        ReadOnlySpan<int> pattern = PatternText.Decode(line, ignoresCase);
        var isNegated = pattern.StartsWith(['!']);
        pattern = isNegated ? pattern[1..] : pattern;
        var foldersOnly = pattern.EndsWith(['/']);
        pattern = foldersOnly ? pattern[..^1] : pattern;
        if (pattern.IsEmpty)
        {
            throw new FormatException("it names nothing");
        }

        var isAnchored = pattern.Contains('/');
        pattern = pattern[0] == '/' ? pattern[1..] : pattern;
        var segments = new List<GlobSegment?>();
        foreach (var range in pattern.Split('/'))
        {
            var part = pattern[range];
            if (part.IsEmpty)
            {
                throw new FormatException("it has an empty component ('//')");
            }

            segments.Add(isAnchored && part.SequenceEqual(['*', '*']) ? null : GlobSegment.Parse(part, ignoresCase));
        }

        return new GlobRule(isNegated, foldersOnly, isAnchored, [.. segments]);
    }

    public bool Matches(ReadOnlySpan<int[]> path, bool isFolder) =>
        (isFolder || !_foldersOnly) && (_isAnchored ? MatchesAll(_segments, path) : _segments[0]!.Matches(path[^1]));

    private static bool MatchesAll(ReadOnlySpan<GlobSegment?> segments, ReadOnlySpan<int[]> path)
    {
        while (!segments.IsEmpty)
        {
            if (segments[0] is null)
            {
                return MatchesRest(segments[1..], path);
            }

            if (path.IsEmpty || !segments[0]!.Matches(path[0]))
            {
                return false;
            }

            segments = segments[1..];
            path = path[1..];
        }

        return path.IsEmpty;
    }

    /// <summary>After <c>**</c>: at the end of a pattern it stands for at least one component, elsewhere for none or more.</summary>
    private static bool MatchesRest(ReadOnlySpan<GlobSegment?> segments, ReadOnlySpan<int[]> path)
    {
        if (segments.IsEmpty)
        {
            return !path.IsEmpty;
        }

        if (segments[0] is null)
        {
            return MatchesRest(segments[1..], path);
        }

        for (var skipped = 0; skipped < path.Length; skipped++)
        {
            if (MatchesAll(segments, path[skipped..]))
            {
                return true;
            }
        }

        return false;
    }
}
