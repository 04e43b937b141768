using System.Diagnostics;

namespace SecureBackup.Tests.Unit.Stores;

/// <summary>What CI installs before it runs the tests, and that nobody else's machine is changed.</summary>
public sealed class CiRunTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("", "0", "", 0, "required: ")]
    [InlineData("", "0", "config-files", 0, "required: ")]
    [InlineData("", "0", "installed", 0, "required: 1")]
    [InlineData("true", "0", "", 0, "installs", "installs", "required: 1")]
    [InlineData("true", "0", "config-files", 0, "installs", "installs", "required: 1")]
    [InlineData("true", "1000", "installed", 0, "required: 1")]
    [InlineData("true", "1000", "", 1)]
    public async Task Packages_are_installed_in_CI_alone_and_there_they_must_be(string ci, string user, string status, int exitCode, params string[] lines)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "CI runs on Linux.");
        Directory.CreateDirectory(_folder[".ci"]);
        Directory.CreateDirectory(_folder["bin"]);
        File.WriteAllText(_folder[".ci/run"], Repository.Read(".ci/run"));
        Put("id", $"echo {user}");
        Put("dpkg-query", $"printf '%s' '{status}'");
        Put("dpkg", "true");
        Put("apt-get", "echo installs >&2");
        Put("dotnet", "echo \"required: ${SECUREBACKUP_REQUIRE_SERVERS:-}\" >&2");
        var start = new ProcessStartInfo("bash", [_folder[".ci/run"]]) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        start.Environment["PATH"] = $"{_folder["bin"]}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["CI"] = ci;
        start.Environment.Remove("SECUREBACKUP_REQUIRE_SERVERS");

        using var run = Process.Start(start)!;
        var told = await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await run.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal(lines, told.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => !line.StartsWith("Not all", StringComparison.Ordinal)));
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
