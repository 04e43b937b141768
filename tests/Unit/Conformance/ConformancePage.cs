using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>What a subclass of the suite says of its platform, read without a server.</summary>
internal sealed record ConformanceClaim(string Platform, TargetCapabilities Capabilities, IReadOnlyDictionary<string, string> Exemptions);

/// <summary>What every platform keeps, as the page <c>docs/platforms/conformance.md</c>.</summary>
internal static partial class ConformancePage
{
    private const string Suffix = "Conformance";

    public static async Task<IReadOnlyList<ConformanceClaim>> ClaimsAsync()
    {
        var claims = new List<ConformanceClaim>();
        foreach (var type in typeof(TargetConformance).Assembly.GetTypes().Where(static type => type.IsSubclassOf(typeof(TargetConformance)) && !type.IsAbstract).OrderBy(static type => type.Name, StringComparer.Ordinal))
        {
            var constructor = type.GetConstructors().Single();
            await using var suite = (TargetConformance)constructor.Invoke(new object?[constructor.GetParameters().Length]);
            var (capabilities, exemptions) = suite.Claims;
            claims.Add(new ConformanceClaim(NameOf(type), capabilities, exemptions));
        }

        return claims;
    }

    public static string Render(IReadOnlyList<ConformanceClaim> claims, IReadOnlyList<MethodInfo> checks)
    {
        var notes = claims.SelectMany(static claim => claim.Exemptions.OrderBy(static pair => pair.Key, StringComparer.Ordinal)).Select(static pair => pair.Value).Distinct(StringComparer.Ordinal).ToList();
        var page = new StringBuilder("""
            # What every platform keeps

            One suite, `TargetConformance`, runs against every place that a vault can be in: real servers, doubles of the services that nobody can run at home, and what
            the engine wraps around them. This page is generated from its subclasses; a test fails when it differs, and rewrites it when the environment variable
            `SECUREBACKUP_UPDATE_DOCS` is 1. Whether each tick is true is what the suite itself holds.

            | mark | means |
            | --- | --- |
            | ✓ | the check is passed |
            | ○ | the platform does not have what the check is about, says so, and the same check holds it to that |
            | – | the check cannot be asked of the platform, for the reason in the note |

            ## Checks


            """.ReplaceLineEndings("\n"));
        AppendRow(page, claims.Select(static claim => claim.Platform).Prepend("check"));
        AppendRow(page, Enumerable.Repeat("---", claims.Count + 1));
        foreach (var check in checks)
        {
            AppendRow(page, claims.Select(claim => MarkOf(claim, check, notes)).Prepend(check.Name.Replace('_', ' ')));
        }

        page.Append(CultureInfo.InvariantCulture, $"\n{string.Join('\n', notes.Select(static (note, index) => Number(index) + " " + note + "  "))}\n\n## Capabilities\n\n");
        AppendRow(page, claims.Select(static claim => claim.Platform).Prepend("capability"));
        AppendRow(page, Enumerable.Repeat("---", claims.Count + 1));
        foreach (var property in typeof(TargetCapabilities).GetProperties(BindingFlags.Instance | BindingFlags.Public).OrderBy(static property => property.Name, StringComparer.Ordinal))
        {
            AppendRow(page, claims.Select(claim => TextOf(property.Name, property.GetValue(claim.Capabilities))).Prepend(property.Name));
        }

        return page.ToString();
    }

    private static string NameOf(Type type) => WordStart().Replace(type.Name[..^Suffix.Length], " ");

    private static string MarkOf(ConformanceClaim claim, MethodInfo check, List<string> notes)
    {
        if (claim.Exemptions.TryGetValue(check.Name, out var reason))
        {
            return "–" + Number(notes.IndexOf(reason));
        }

        var needed = check.GetCustomAttribute<NeedsAttribute>()?.Capability;
        return needed is null || typeof(TargetCapabilities).GetProperty(needed)!.GetValue(claim.Capabilities) is true ? "✓" : "○";
    }

    private static string Number(int index) => string.Create(CultureInfo.InvariantCulture, $"<sup>{index + 1}</sup>");

    private static string TextOf(string name, object? value) => value switch
    {
        null => "",
        true => "yes",
        false => "no",
        long bytes when name.EndsWith("Bytes", StringComparison.Ordinal) => SizeOf(bytes),
        TimeSpan time when time == Timeout.InfiniteTimeSpan || time == TimeSpan.MaxValue => "unbounded",
        TimeSpan time => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds} s"),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static string SizeOf(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var unit = 0;
        double size = bytes;
        for (; size >= 1024 && unit < units.Length - 1; unit++)
        {
            size /= 1024;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {units[unit]}");
    }

    private static void AppendRow(StringBuilder page, IEnumerable<string> cells) => page.Append("| ").AppendJoin(" | ", cells).Append(" |\n");

    [GeneratedRegex("(?<=[a-z0-9])(?=[A-Z])", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex WordStart();
}
