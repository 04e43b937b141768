using System.Text.Json;
using SecureBackup.Tests.Unit.Shell;

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
    public async Task A_test_run_says_of_each_platform_what_it_passed()
    {
        const string Space = "SecureBackup.Tests.Unit.Conformance";
        using var folder = new TempFolder();
        object[] tests =
        [
            new { name = $"{Space}.CephAsIbmConformance.A", status = "passed" },
            new { name = $"{Space}.CephAsIbmConformance.B(size: 1)", status = "failed", message = "Assert.Equal() Failure" },
            new { name = $"{Space}.CephAsIbmConformance.C", status = "skipped", message = "It has no such thing." },
            new { name = $"{Space}.AzuriteConformance.A", status = "skipped", message = "Azurite is not installed: npm ci." },
            new { name = $"{Space}.ConformanceTableTests.A", status = "passed" },
            new { name = "SecureBackup.Tests.Unit.Vault.VaultTests.A", status = "passed" },
        ];
        await File.WriteAllTextAsync(folder["run.ctrf"], JsonSerializer.Serialize(new { results = new { tests } }), TestContext.Current.CancellationToken);

        var lines = (await ShellProcess.RunScriptAsync(Path.Combine(Repository.Root, "tools", "Conformance.ps1"), ["-Reports", folder.FullPath], TestContext.Current.CancellationToken)).ShouldSucceed().OutputLines;

        Assert.Equal(
            ["Azurite: 0 checks passed, 0 failed, 1 skipped for want of the server", "Ceph As Ibm: 1 checks passed, 1 failed, 1 exempt"],
            lines);
    }

    [Fact]
    public async Task Every_platform_has_a_name_of_its_own()
    {
        var names = (await ConformancePage.ClaimsAsync()).Select(static claim => claim.Platform).ToList();

        Assert.NotEmpty(names);
        Assert.Equal(names, names.Distinct(StringComparer.OrdinalIgnoreCase));
    }
}
