using System.Text;
using CsCheck;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

public sealed class ExcludeRulesTests
{
    [Theory]
    [InlineData("*.log", "a/b/x.log", false, true)]
    [InlineData("*.log", "x.logs", false, null)]
    [InlineData("/x", "x", false, true)]
    [InlineData("/x", "a/x", false, null)]
    [InlineData("a/b", "a/b", false, true)]
    [InlineData("a/b", "c/a/b", false, null)]
    [InlineData("x/", "a/x", true, true)]
    [InlineData("x/", "a/x", false, null)]
    [InlineData("**/x", "a/b/x", false, true)]
    [InlineData("**/x", "x", false, true)]
    [InlineData("a/**", "a/b/c", false, true)]
    [InlineData("a/**", "a", true, null)]
    [InlineData("a/**/z", "a/z", false, true)]
    [InlineData("a/**/z", "a/b/c/z", false, true)]
    [InlineData("a/**/z", "b/z", false, null)]
    [InlineData("a**b", "axxb", false, true)]
    [InlineData("?", "é", false, true)]
    [InlineData("[!a-c]x", "dx", false, true)]
    [InlineData("[^a-c]x", "bx", false, null)]
    [InlineData("[]-]", "]", false, true)]
    [InlineData("[[:digit:]]*", "7up", false, true)]
    [InlineData(@"\*", "*", false, true)]
    [InlineData(@"\*", "a", false, null)]
    [InlineData(@"\!a", "!a", false, true)]
    [InlineData("!a", "a", false, false)]
    [InlineData("*", ".hidden", false, true)]
    public void PatternsMeanWhatTheyMeanToGit(string pattern, string path, bool isFolder, bool? expected) =>
        Assert.Equal(expected, Match([pattern], path, isFolder));

    [Fact]
    public void TheLastMatchDecides()
    {
        Assert.False(Match(["*.log", "!keep.log"], "keep.log"));
        Assert.True(Match(["!keep.log", "*.log"], "keep.log"));
    }

    [Fact]
    public void CaseIsIgnoredWhereTheSystemIgnoresIt()
    {
        var rules = ExcludeRules.Parse(["Café*.TX[a-t]"], ignoresCase: true);
        Assert.True(rules.Match([PatternText.Decode("CAFÉ1.txT"u8, ignoresCase: true)], isFolder: false));
        Assert.Null(ExcludeRules.Parse(["A"], ignoresCase: false).Match([PatternText.Decode("a"u8, ignoresCase: false)], isFolder: false));
    }

    [Fact]
    public void BytesThatAreNotUtf8AreCharacters()
    {
        var rules = ExcludeRules.Parse(["caf?"], ignoresCase: false);
        Assert.True(rules.Match([PatternText.Decode([(byte)'c', (byte)'a', (byte)'f', 0xE9], ignoresCase: false)], isFolder: false));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    [InlineData("!")]
    [InlineData("a//b")]
    [InlineData("[a")]
    [InlineData("[[:nothing:]]")]
    [InlineData("a\\")]
    public void ABadPatternIsRefused(string pattern)
    {
        var refusal = Assert.Throws<RequestException>(() => ExcludeRules.Parse([pattern], ignoresCase: false));
        Assert.Equal(FaultCodes.PatternInvalid, refusal.Code);
    }

    [Fact]
    public void AnIgnoreFileSkipsCommentsAndNamesItsBadLine()
    {
        var rules = ExcludeRules.ParseFile("# no\r\n\n*.tmp  \r\n[bad\n\\#x\nkeep\\ \n"u8, ignoresCase: false, out var problem);
        Assert.Contains("Line 4", problem, StringComparison.Ordinal);
        Assert.True(Match(rules, "a.tmp"));
        Assert.True(Match(rules, "#x"));
        Assert.True(Match(rules, "keep "));
        Assert.Null(Match(rules, "# no"));
    }

    [Fact]
    public void StarsDoNotExplode() =>
        Assert.Null(Match([string.Concat(Enumerable.Repeat("*a", 60)) + "b"], new string('a', 200)));

    [Fact]
    public void GitDecidesTheSame()
    {
        using var tree = new SourceTree();
        if (SourceTree.Run("git", tree.Path, "", "init", "-q") is not { ExitCode: 0 })
        {
            Assert.Skip("git is not installed");
        }

        // Without "a**": there git strays from its own documentation once the pattern is anchored.
        var piece = OneOf("a", "b", "ab", "*", "?", "[ab]", "[!a]", "**", "a*", "*b", "\\a");
        var pattern = Gen.Select(OneOf("", "", "!"), OneOf("", "", "/"), piece.Array[1, 3], OneOf("", "", "/"))
            .Select((negation, anchor, pieces, end) => negation + anchor + string.Join('/', pieces) + end);
        var path = OneOf("a", "b", "ab", "ba", "c").Array[1, 4].Select(parts => string.Join('/', parts));
        Gen.Select(pattern.Array[1, 4], path.Array[1, 25]).Sample(
            (patterns, paths) =>
            {
                File.WriteAllText(tree.At(".gitignore"), string.Join('\n', patterns) + "\n");
                var files = paths.Distinct(StringComparer.Ordinal).ToArray();
                var answer = SourceTree.Run("git", tree.Path, string.Join('\0', files) + "\0", "check-ignore", "--stdin", "-z", "--no-index", "-v", "-n")!.Value.Output;
                var fields = answer.Split('\0');
                var rules = ExcludeRules.Parse(patterns, ignoresCase: false);
                for (var i = 0; i < files.Length; i++)
                {
                    var said = fields[(i * 4) + 2];
                    var expected = said.Length > 0 && said[0] != '!';
                    Assert.True(expected == IsIgnored(rules, files[i]), $"{string.Join(" , ", patterns)} on {files[i]}: git says {expected}");
                }
            },
            iter: 150, threads: 1);
    }

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    /// <summary>As the walk does it: an excluded folder hides what is in it.</summary>
    private static bool IsIgnored(ExcludeRules rules, string path)
    {
        var parts = path.Split('/');
        for (var length = 1; length < parts.Length; length++)
        {
            if (Match(rules, string.Join('/', parts[..length]), isFolder: true) == true)
            {
                return true;
            }
        }

        return Match(rules, path) == true;
    }

    private static bool? Match(string[] patterns, string path, bool isFolder = false) =>
        Match(ExcludeRules.Parse(patterns, ignoresCase: false), path, isFolder);

    private static bool? Match(ExcludeRules rules, string path, bool isFolder = false) =>
        rules.Match(path.Split('/').Select(part => PatternText.Decode(Encoding.UTF8.GetBytes(part), ignoresCase: false)).ToArray(), isFolder);
}
