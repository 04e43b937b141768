using System.Text.RegularExpressions;

namespace SecureBackup.Tests.Unit.Architecture;

/// <summary>What the pages say of each other, of the tests and of the module is so.</summary>
public sealed partial class DocumentationTests
{
    [Fact]
    public void Each_guarantee_has_a_number_of_its_own_and_tests_that_exist()
    {
        var rows = TableRows("docs/design/threat-model.md").Where(static row => GuaranteeNumber().IsMatch(row[0])).ToList();
        Assert.NotEmpty(rows);
        Assert.Empty(Repeated(rows.Select(static row => row[0])));

        var classes = Repository.SourceFiles("tests/Unit").SelectMany(static path => ClassName().Matches(Repository.Read(path)))
            .Select(static match => match.Groups["value"].Value).ToHashSet(StringComparer.Ordinal);
        var wrong = rows.Where(static row => row[0].StartsWith('G'))
            .Select(row => (Number: row[0], Held: CodeWord().Matches(row[^1]).Select(static match => match.Groups["value"].Value).ToList()))
            .Where(row => row.Held.Count == 0 || !row.Held.TrueForAll(classes.Contains))
            .Select(static row => $"{row.Number} is held by {(row.Held.Count == 0 ? "nothing" : string.Join(", ", row.Held))}");
        Assert.Empty(wrong);
    }

    [Fact]
    public void Decisions_have_a_number_of_their_own_and_stand_in_the_list()
    {
        var files = Directory.GetFiles(Path.Combine(Repository.Root, "docs", "adr"), "0*.md").Select(static path => Path.GetFileName(path)!).Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(files);
        Assert.Empty(Repeated(files.Select(static name => name[..4])));
        Assert.Equal(files, TableRows("docs/adr/README.md").Select(static row => PageLink().Match(row[0])).Where(static match => match.Success).Select(static match => match.Groups["value"].Value));
        Assert.All(files, static name => Assert.StartsWith($"# {name[..4]} ", Repository.Read($"docs/adr/{name}"), StringComparison.Ordinal));
    }

    [Fact]
    public void Every_link_leads_somewhere()
    {
        var pages = Pages().ToList();
        Assert.NotEmpty(pages);
        var broken = pages.SelectMany(static page => PageLink().Matches(Repository.Read(page)).Select(match => (Page: page, Link: match.Groups["value"].Value)))
            .Where(static link => !link.Link.Contains("://", StringComparison.Ordinal) && !Leads(link.Page, link.Link))
            .Select(static link => $"{link.Page}: {link.Link}");
        Assert.Empty(broken);
    }

    [Fact]
    public void Every_page_for_users_and_readers_can_be_found_from_both_lists()
    {
        foreach (var list in new[] { "README.md", "docs/README.md" })
        {
            var linked = PageLink().Matches(Repository.Read(list)).Select(match => Resolve(list, match.Groups["value"].Value)).ToHashSet(StringComparer.Ordinal);
            var missing = Pages().Where(static page => page.StartsWith("docs/guide/", StringComparison.Ordinal) || page.StartsWith("docs/design/", StringComparison.Ordinal))
                .Where(page => !linked.Contains(page)).Select(page => $"{list} does not name {page}");
            Assert.Empty(missing);
        }
    }

    [Fact]
    public void Each_cmdlet_has_a_page_an_acceptance_test_and_a_line_in_the_manifest()
    {
        var exported = ExportedName().Matches(Repository.Read("SecureBackup.psd1")).Select(static match => match.Groups["value"].Value).ToList();
        var pages = Directory.GetFiles(Path.Combine(Repository.Root, "docs", "cmdlets"), "*-*.md").Select(static path => Path.GetFileNameWithoutExtension(path)!)
            .Where(static name => char.IsUpper(name[0])).Order(StringComparer.Ordinal);
        Assert.Equal(exported.Order(StringComparer.Ordinal), pages);
        Assert.All(exported, static name => Assert.Contains(name, Repository.Read($"tests/Pester/{name}.Tests.ps1"), StringComparison.Ordinal));
    }

    [Fact]
    public void One_version_stands_everywhere()
    {
        var version = VersionElement().Match(Repository.Read("Directory.Build.props")).Groups["value"].Value;
        Assert.Contains($"ModuleVersion        = '{version}'", Repository.Read("SecureBackup.psd1"), StringComparison.Ordinal);
        Assert.Equal(version, ChangelogVersion().Match(Repository.Read("CHANGELOG.md")).Groups["value"].Value);
        Assert.All(
            Pages().SelectMany(static page => PackagePath().Matches(Repository.Read(page))),
            match => Assert.Equal(version, match.Groups["value"].Value));
    }

    [Fact]
    public void No_merge_was_left_unfinished()
    {
        var files = Repository.WrittenFiles().ToList();
        Assert.Contains("docs/guide/targets.md", files);
        Assert.Contains(".ci/run", files);
        Assert.DoesNotContain(files, static path => MergeMark().IsMatch(Repository.Read(path)));
    }

    private static IEnumerable<string> Pages() =>
        Directory.EnumerateFiles(Path.Combine(Repository.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(static path => Path.GetRelativePath(Repository.Root, path).Replace('\\', '/'))
            .Prepend("README.md").Prepend("CHANGELOG.md").Order(StringComparer.Ordinal);

    private static IEnumerable<string[]> TableRows(string page) =>
        Repository.Read(page).Split('\n').Where(static line => line.StartsWith('|'))
            .Select(static line => line.Trim().Trim('|').Split('|').Select(static cell => cell.Trim()).ToArray());

    private static IEnumerable<string> Repeated(IEnumerable<string> names) =>
        names.GroupBy(static name => name, StringComparer.Ordinal).Where(static group => group.Count() > 1).Select(static group => group.Key);

    private static string Resolve(string page, string link) =>
        Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Path.GetDirectoryName(page)!, link.Split('#')[0]))).Replace('\\', '/');

    private static bool Leads(string page, string link)
    {
        var target = link.StartsWith('#') ? page : Resolve(page, link);
        if (!File.Exists(Path.Combine(Repository.Root, target)) && !Directory.Exists(Path.Combine(Repository.Root, target)))
        {
            return false;
        }

        var anchor = link.Split('#') is [_, var name] ? name : null;
        return anchor is null || Headings(target).Contains(anchor, StringComparer.Ordinal);
    }

    /// <summary>The anchors that a page's headings get where it is shown: lower case, no punctuation, hyphens for spaces.</summary>
    private static IEnumerable<string> Headings(string page) =>
        Heading().Matches(Repository.Read(page))
            .Select(static match => string.Concat(match.Groups["value"].Value.ToLowerInvariant().Where(static c => char.IsLetterOrDigit(c) || c is ' ' or '-' or '_')).Replace(' ', '-'));

    [GeneratedRegex("^(<{7}|>{7}) ", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex MergeMark();

    [GeneratedRegex(@"^[GN]-\d+$", RegexOptions.ExplicitCapture)]
    private static partial Regex GuaranteeNumber();

    [GeneratedRegex("`(?<value>\\w+)`", RegexOptions.ExplicitCapture)]
    private static partial Regex CodeWord();

    [GeneratedRegex(@"\bclass (?<value>\w+)", RegexOptions.ExplicitCapture)]
    private static partial Regex ClassName();

    [GeneratedRegex(@"\]\((?<value>[^)\s]+)\)", RegexOptions.ExplicitCapture)]
    private static partial Regex PageLink();

    [GeneratedRegex(@"^#+ (?<value>.+?) *$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex Heading();

    [GeneratedRegex(@"^        '(?<value>[A-Z]\w+-\w+)'$", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex ExportedName();

    [GeneratedRegex(@"<Version>(?<value>[^<]+)</Version>", RegexOptions.ExplicitCapture)]
    private static partial Regex VersionElement();

    [GeneratedRegex(@"^## \[(?<value>[0-9][^\]]*)\]", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex ChangelogVersion();

    [GeneratedRegex(@"output/SecureBackup/(?<value>\d[\d.]*)/", RegexOptions.ExplicitCapture)]
    private static partial Regex PackagePath();
}
