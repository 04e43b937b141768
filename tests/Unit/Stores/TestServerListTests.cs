using System.Reflection;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Shell;

namespace SecureBackup.Tests.Unit.Stores;

/// <summary>Whoever runs the tests is told which servers they have, and CI has all of them.</summary>
public sealed class TestServerListTests
{
    private const string AptGet = "apt-get install ";

    private static readonly string[] Installs =
        [.. typeof(CephServer).Assembly.GetTypes().Select(type => type.GetField("Install", BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue()).OfType<string>()];

    [Fact]
    public void Every_server_is_told_and_installed_in_CI()
    {
        var told = Repository.Read("tools/TestServers.ps1");
        var installed = Repository.Read(".ci/run").Split('\n').Single(line => line.StartsWith("servers=(", StringComparison.Ordinal)).Split('(', ')')[1].Split(' ');

        Assert.Contains(CephServer.Install, Installs);
        Assert.All(Installs, install => Assert.Contains($"'{install}'", told, StringComparison.Ordinal));
        Assert.All(Installs.Where(install => install.StartsWith(AptGet, StringComparison.Ordinal)), install => Assert.Empty(install[AptGet.Length..].Split(' ').Except(installed)));
    }

    /// <summary>So that where it is not installed each of its tests is skipped, in the same words, and fails where all must be there.</summary>
    [Fact]
    public void Only_one_place_starts_servers_and_says_what_is_missing()
    {
        var starts = string.Join('|', typeof(CephServer).Assembly.GetTypes().Where(static type => type.GetField("Install") is not null).Select(static type => type.Name));
        var elsewhere = Repository.SourceFiles("tests/Unit").Where(static file => !file.EndsWith("/TestServers.cs", StringComparison.Ordinal) && !file.EndsWith("/TestServerListTests.cs", StringComparison.Ordinal));

        Assert.All(elsewhere, file =>
        {
            var source = Repository.Read(file);
            Assert.DoesNotMatch($@"\b({starts})\.(StartAsync|MissingPrograms)\b", source);
            Assert.DoesNotContain("ServerProcess.Missing(", source, StringComparison.Ordinal);
            Assert.True(!source.Contains("\"rclone\"", StringComparison.Ordinal) || source.Contains("TestServers.RequireRclone()", StringComparison.Ordinal), "rclone is run without being asked for");
        });
    }

    [Fact]
    public async Task What_is_missing_is_said_with_how_to_get_it()
    {
        using var empty = new TempFolder();
        var options = ShellOptions.Default with { Environment = new Dictionary<string, string?>(StringComparer.Ordinal) { ["PATH"] = empty.FullPath } };
        var arguments = new[] { Path.Combine(Repository.Root, "tools", "TestServers.ps1"), "-Repository", empty.FullPath };

        var lines = (await ShellProcess.RunAsync(arguments, options, TestContext.Current.CancellationToken)).ShouldSucceed().OutputLines;

        Assert.Contains($"S3 server (Ceph): without ceph-mon, ceph-osd, radosgw, radosgw-admin, monmaptool, ceph, its tests are skipped: {CephServer.Install}", lines);
        Assert.Contains("Azurite: without node, tests/Servers/node_modules/azurite, its tests are skipped: npm ci --prefix tests/Servers --ignore-scripts", lines);
    }
}
