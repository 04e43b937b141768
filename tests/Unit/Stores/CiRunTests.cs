using System.Diagnostics;

namespace SecureBackup.Tests.Unit.Stores;

/// <summary>What CI installs before it runs the tests, and that nobody else's machine is changed.</summary>
public sealed class CiRunTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "0", "", "true", 0, "required: ")]
    [InlineData("", "0", "config-files", "true", 0, "required: ")]
    [InlineData("", "0", "installed", "true", 0, "required: 1")]
    [InlineData("", "0", "installed", null, 0, "required: ")]
    [InlineData("", "0", "installed", "false", 0, "required: ")]
    [InlineData("true", "0", "", "true", 0, "installs", "installs", "required: 1")]
    [InlineData("true", "0", "config-files", "true", 0, "installs", "installs", "required: 1")]
    [InlineData("true", "0", "installed", null, 0, "installs", "installs", "required: 1")]
    [InlineData("true", "1000", "installed", "true", 0, "required: 1")]
    [InlineData("true", "1000", "installed", null, 1)]
    [InlineData("true", "1000", "installed", "false", 1)]
    [InlineData("true", "1000", "", "true", 1)]
    public async Task Packages_are_installed_in_CI_alone_and_there_they_must_be(string ci, string user, string status, string? npm, int exitCode, params string[] lines)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "CI runs on Linux.");
        Directory.CreateDirectory(_folder[".ci"]);
        Directory.CreateDirectory(_folder["bin"]);
        File.WriteAllText(_folder[".ci/run"], Repository.Read(".ci/run"));
        Directory.CreateDirectory(_folder["tests/Servers"]);
        File.WriteAllText(_folder["tests/Servers/package.json"], "{}");
        Put("dirname", "exec /usr/bin/dirname \"$@\"");
        Put("id", $"echo {user}");
        Put("dpkg-query", $"printf '%s' '{status}'");
        Put("dpkg", "true");
        Put("apt-get", "echo installs >&2; printf '#!/bin/sh\\n' > \"${0%/*}/npm\"; /bin/chmod 700 \"${0%/*}/npm\"");
        if (npm is not null)
        {
            Put("npm", npm);
        }

        Put("dotnet", "echo \"required: ${SECUREBACKUP_REQUIRE_SERVERS:-}\" >&2");
        var start = new ProcessStartInfo("bash", [_folder[".ci/run"]]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PATH"] = _folder["bin"];
        start.Environment["CI"] = ci;
        start.Environment.Remove("SECUREBACKUP_REQUIRE_SERVERS");

        using var run = Process.Start(start)!;
        var told = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal(lines, told.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => !line.Contains("could ", StringComparison.Ordinal)));
    }

    private void Put(string name, string command)
    {
        File.WriteAllText(_folder[$"bin/{name}"], $"#!/bin/sh\n{command}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder[$"bin/{name}"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
