using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// A list of patterns, read as git reads its ignore files:
/// <list type="bullet">
/// <item>The last pattern that matches decides; one that starts with <c>!</c> takes back what earlier ones matched.</item>
/// <item>Components are separated by <c>/</c> on every platform. A pattern without one in its middle or at its start matches a name at
/// any depth; any other is anchored: it matches the whole path below the folder to which the list belongs (a root for <c>-Exclude</c>
/// and <c>-Include</c>, its own folder for an ignore file).</item>
/// <item>A <c>/</c> at the end: folders only.</item>
/// <item><c>*</c> stands for any characters within a name, <c>?</c> for one character, <c>[a-z]</c>, <c>[!a-z]</c> and <c>[[:digit:]]</c> for one
/// of a set; none of them for <c>/</c>. A leading dot is nothing special.</item>
/// <item><c>**/</c> at the start or <c>/**/</c> in the middle stands for any number of folders, none included; <c>/**</c> at the end for
/// everything inside.</item>
/// <item>A backslash makes the next character literal. In ignore files empty lines and lines that start with <c>#</c> are skipped, and
/// spaces at the end of a line are dropped unless a backslash precedes them.</item>
/// <item>Names are compared as UTF-8 characters; a byte that is not UTF-8 is a character of its own, matched by <c>?</c> and <c>*</c>.
/// Case counts on Linux alone.</item>
/// <item>An excluded folder is not entered, so nothing in it can be taken back.</item>
/// </list>
/// Lists in order of weight: <c>-Exclude</c>, then the ignore file nearest to the entry, then those further up. The first list with a
/// match decides.
/// </summary>
public sealed class ExcludeRules
{
    private readonly GlobRule[] _rules;

    private ExcludeRules(GlobRule[] rules)
    {
        _rules = rules;
    }

    public bool IsEmpty => _rules.Length == 0;

    /// <summary>Throws <see cref="RequestException"/> at the first pattern that is none.</summary>
    public static ExcludeRules Parse(IEnumerable<string> patterns, bool ignoresCase)
    {
        var rules = new List<GlobRule>();
        foreach (var pattern in patterns)
        {
            try
            {
                rules.Add(GlobRule.Parse(Encoding.UTF8.GetBytes(pattern), ignoresCase));
            }
            catch (FormatException reason)
            {
                throw new RequestException(FaultCodes.PatternInvalid, $"'{pattern}' is no pattern: {reason.Message}.", reason);
            }
        }

        return new ExcludeRules([.. rules]);
    }

    /// <summary>Reads an ignore file. A line that is no pattern is left out and told in <paramref name="problem"/>.</summary>
    public static ExcludeRules ParseFile(ReadOnlySpan<byte> content, bool ignoresCase, out string? problem)
    {
        var rules = new List<GlobRule>();
        problem = null;
        var number = 0;
        content = content.StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content;
        foreach (var range in content.Split((byte)'\n'))
        {
            number++;
            var line = TrimEnd(content[range]);
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }

            try
            {
                rules.Add(GlobRule.Parse(line, ignoresCase));
            }
            catch (FormatException reason)
            {
                problem ??= $"Line {number} is no pattern: {reason.Message}.";
            }
        }

        return new ExcludeRules([.. rules]);
    }

    /// <summary>True when a pattern matches, false when the match is taken back, null when none says anything.</summary>
    /// <param name="path">Decoded components below the folder to which the list belongs; at least one.</param>
    internal bool? Match(ReadOnlySpan<int[]> path, bool isFolder)
    {
        for (var i = _rules.Length - 1; i >= 0; i--)
        {
            if (_rules[i].Matches(path, isFolder))
            {
                return !_rules[i].IsNegated;
            }
        }

        return null;
    }

    private static ReadOnlySpan<byte> TrimEnd(ReadOnlySpan<byte> line)
    {
        line = line.EndsWith("\r"u8) ? line[..^1] : line;
        while (line.EndsWith(" "u8) && !line.EndsWith("\\ "u8))
        {
            line = line[..^1];
        }

        return line;
    }
}
