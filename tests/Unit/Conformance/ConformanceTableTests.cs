namespace SecureBackup.Tests.Unit.Conformance;

public sealed class ConformanceTableTests
{
    private const string Page = "docs/platforms/conformance.md";

    [Fact]
    public async Task The_page_shows_what_every_platform_keeps()
    {
        var claims = await ConformancePage.ClaimsAsync();
        var expected = ConformancePage.Render(claims, [.. TargetConformance.Checks().OrderBy(static check => check.Name, StringComparer.Ordinal)]);
        if (Environment.GetEnvironmentVariable("SECUREBACKUP_UPDATE_DOCS") is "1")
        {
            await File.WriteAllTextAsync(Path.Combine(Repository.Root, Page), expected, TestContext.Current.CancellationToken);
        }

        Assert.True(
            string.Equals(expected, Repository.Read(Page), StringComparison.Ordinal),
            $"{Page} is not what the conformance suite says. Rewrite it: set SECUREBACKUP_UPDATE_DOCS=1 and run the tests of the class {nameof(ConformanceTableTests)}.");
    }

    [Fact]
    public async Task Every_platform_has_a_name_of_its_own()
    {
        var names = (await ConformancePage.ClaimsAsync()).Select(static claim => claim.Platform).ToList();

        Assert.NotEmpty(names);
        Assert.Equal(names, names.Distinct(StringComparer.OrdinalIgnoreCase));
    }
}
