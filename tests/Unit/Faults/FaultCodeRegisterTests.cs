using System.Reflection;
using System.Text.RegularExpressions;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Faults;

public sealed partial class FaultCodeRegisterTests
{
    private const string Page = "docs/errors.md";

    [Fact]
    public void Those_are_transient_in_which_somebody_else_was_faster_or_the_store_is_not_ready() => Assert.Equal(
        [FaultCodes.TargetThrottled, FaultCodes.TargetUnavailable, FaultCodes.TargetGarbled, FaultCodes.RegisterConflict, FaultCodes.SessionLapsed, FaultCodes.SubjectErasedMeanwhile],
        FaultCodes.All.Where(static code => code.IsTransient));

    [Fact]
    public void Numbers_and_names_are_unique()
    {
        Assert.NotEmpty(FaultCodes.All);
        Assert.Equal(FaultCodes.All.Count, FaultCodes.All.Select(code => code.Number).Distinct().Count());
        Assert.Equal(FaultCodes.All.Count, FaultCodes.All.Select(code => code.Name).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Every_field_has_the_name_of_its_code_and_is_listed()
    {
        var fields = typeof(FaultCodes).GetFields(BindingFlags.Public | BindingFlags.Static);
        Assert.All(fields, field => Assert.Equal(field.Name, Assert.IsType<FaultCode>(field.GetValue(null)).Name));
        Assert.Equal(fields.Length, FaultCodes.All.Count);
    }

    [Fact]
    public void Every_number_lies_in_the_range_of_a_category() =>
        Assert.All(FaultCodes.All, code => Assert.True(Enum.IsDefined(code.Category) && code.Number is > 1000 and < 10000, code.Name));

    [Fact]
    public void Cause_and_remedy_are_sentences() =>
        Assert.All(FaultCodes.All, code => Assert.All(new[] { code.Cause, code.Remedy }, text => Assert.Matches(SentencePattern(), text)));

    [Fact]
    public void Every_code_is_raised_by_a_test()
    {
        var tests = string.Concat(Repository.SourceFiles("tests")
            .Where(path => !path.EndsWith(nameof(FaultCodeRegisterTests) + ".cs", StringComparison.Ordinal)).Select(Repository.Read));
        var named = MentionPattern().Matches(tests).Select(match => match.Value).ToHashSet(StringComparer.Ordinal);
        var mapped = Enum.GetValues<TargetFault>().Where(fault => named.Contains($"{nameof(TargetFault)}.{fault}")).Select(FaultCodes.ForTarget).ToHashSet();
        var untested = FaultCodes.All.Where(code => !named.Contains($"{nameof(FaultCodes)}.{code.Name}") && !mapped.Contains(code)).Select(code => code.Name).ToList();
        Assert.True(untested.Count == 0, $"No test names these codes as FaultCodes.<Name>: {string.Join(", ", untested)}");
    }

    [Fact]
    public void The_page_shows_the_register()
    {
        var expected = FaultRegisterPage.Render(FaultCodes.All);
        if (Environment.GetEnvironmentVariable("SECUREBACKUP_UPDATE_DOCS") is "1")
        {
            File.WriteAllText(Path.Combine(Repository.Root, Page), expected);
        }

        Assert.Equal(expected, Repository.Read(Page));
    }

    [GeneratedRegex(@"\A[\p{Lu}`][^|\n]*\.\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex SentencePattern();

    [GeneratedRegex(@"\b(FaultCodes|TargetFault)\.\w+", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10000)]
    private static partial Regex MentionPattern();
}
