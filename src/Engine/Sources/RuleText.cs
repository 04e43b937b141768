using System.Globalization;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// The rules of a walk as lines, as a snapshot keeps them: <c>-pattern</c>, <c>+pattern</c>, and <c>@name=value</c> for all else that leaves entries out. The same rules
/// walk the same tree to the same entries, so that what a snapshot lacks can be told from what it was never to hold.
/// </summary>
public static class RuleText
{
    private const string IgnoreFile = "@ignore-file=";
    private const string Caches = "@exclude-caches";
    private const string OneFileSystem = "@one-file-system";
    private const string MaxSize = "@max-size=";
    private const string Since = "@modified-since=";
    private const string Before = "@modified-before=";

    public static IReadOnlyList<string> Of(FileSystemSourceOptions options)
    {
        List<string> lines = [.. options.Exclude.Select(static pattern => "-" + pattern), .. options.Include.Select(static pattern => "+" + pattern)];
        lines.Add(IgnoreFile + options.IgnoreFileName);
        lines.AddRange(new[]
        {
            options.ExcludesCacheFolders ? Caches : null,
            options.StaysOnOneFileSystem ? OneFileSystem : null,
            options.MaxFileSizeBytes is { } size ? string.Create(CultureInfo.InvariantCulture, $"{MaxSize}{size}") : null,
            options.ModifiedSince is { } since ? string.Create(CultureInfo.InvariantCulture, $"{Since}{since.ToUniversalTime():O}") : null,
            options.ModifiedBefore is { } before ? string.Create(CultureInfo.InvariantCulture, $"{Before}{before.ToUniversalTime():O}") : null,
        }.OfType<string>());
        return lines;
    }

    /// <summary>Whether the lines say everything that was left out: those of snapshots of the first version hold patterns alone.</summary>
    public static bool IsWhole(IReadOnlyList<string> lines) => lines.Any(static line => line.StartsWith(IgnoreFile, StringComparison.Ordinal));

    /// <summary>The options with the rules of these lines.</summary>
    /// <exception cref="RequestException">SnapshotRulesUnknown: a newer version left out entries by a rule that this one cannot follow.</exception>
    public static FileSystemSourceOptions Apply(FileSystemSourceOptions options, IReadOnlyList<string> lines)
    {
        options = options with
        {
            Exclude = [.. lines.Where(static line => line.StartsWith('-')).Select(static line => line[1..])],
            Include = [.. lines.Where(static line => line.StartsWith('+')).Select(static line => line[1..])],
        };
        foreach (var line in lines.Where(static line => line is not ['-' or '+', ..]))
        {
            options = Apply(options, line);
        }

        return options;
    }

    private static FileSystemSourceOptions Apply(FileSystemSourceOptions options, string line)
    {
        try
        {
            return line switch
            {
                IgnoreFile => options with { IgnoreFileName = null },
                Caches => options with { ExcludesCacheFolders = true },
                OneFileSystem => options with { StaysOnOneFileSystem = true },
                _ when ValueOf(line, IgnoreFile) is { } name => options with { IgnoreFileName = name },
                _ when ValueOf(line, MaxSize) is { } size => options with { MaxFileSizeBytes = long.Parse(size, CultureInfo.InvariantCulture) },
                _ when ValueOf(line, Since) is { } time => options with { ModifiedSince = DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) },
                _ when ValueOf(line, Before) is { } time => options with { ModifiedBefore = DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) },
                _ => throw Unknown(line, inner: null),
            };
        }
        catch (Exception failure) when (failure is FormatException or OverflowException)
        {
            throw Unknown(line, failure);
        }
    }

    private static string? ValueOf(string line, string name) => line.StartsWith(name, StringComparison.Ordinal) ? line[name.Length..] : null;

    private static RequestException Unknown(string line, Exception? inner) =>
        new(FaultCodes.SnapshotRulesUnknown, $"The snapshot was made by the rule '{line}', which this version does not know.", inner);
}
