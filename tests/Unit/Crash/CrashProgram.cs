using System.Diagnostics;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>The crash host as a process of its own, which may be killed at its work.</summary>
internal static class CrashProgram
{
    /// <summary>A run takes a second or two; one that has not ended by now hangs.</summary>
    private static readonly TimeSpan LongEnough = TimeSpan.FromMinutes(3);

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
        try
        {
            return await WatchAsync(process, errors, killAfter).WaitAsync(LongEnough, CrashScene.Token);
        }
        catch (TimeoutException)
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"The program did not end within {LongEnough}: {string.Join(' ', process.StartInfo.ArgumentList)}\n{await errors}");
            throw;
        }
    }

    private static async Task<string[]?> WatchAsync(Process process, Task<string> errors, TimeSpan? killAfter)
    {
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
