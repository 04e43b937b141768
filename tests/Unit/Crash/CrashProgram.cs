using System.Diagnostics;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>The crash host as a process of its own, which may be killed at its work.</summary>
internal static class CrashProgram
{
    /// <returns>What it said at its end, in words; null when it was killed before.</returns>
    internal static async Task<string[]?> RunAsync(TimeSpan? killAfter, params IEnumerable<string> arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("dotnet", [KillTests.ProgramPath, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        })!;
        var errors = process.StandardError.ReadToEndAsync(CrashScene.Token);
        Assert.Equal("running", await process.StandardOutput.ReadLineAsync(CrashScene.Token));
        if (killAfter is { } delay)
        {
            // The delay decides where the kill strikes; nothing waits for it to have an effect.
            await Task.Delay(delay, CrashScene.Token);
            process.Kill();
        }

        var words = await process.StandardOutput.ReadToEndAsync(CrashScene.Token);
        await process.WaitForExitAsync(CrashScene.Token);
        Assert.Equal("", await errors);
        if (words.Length > 0)
        {
            return words.Split(' ');
        }

        Assert.NotNull(killAfter);
        return null;
    }
}
