using System.Diagnostics;
using System.Globalization;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>Runs the reader of the vault format that was written from its specification alone (tests/SecondReader, JavaScript).</summary>
internal static class SecondReader
{
    private const string PassphraseVariable = "SECOND_READER_PASSPHRASE";
    private const int OldestNode = 20;

    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "SecondReader");

    /// <summary>Skips the test where what the reader runs on is not installed.</summary>
    public static async Task RequireAsync()
    {
        var node = await StartAsync(["--version"], passphrase: null);
        Assert.SkipWhen(node is null, "node is not installed");
        var major = int.Parse(node.Output.Trim().TrimStart('v').Split('.')[0], CultureInfo.InvariantCulture);
        Assert.SkipWhen(major < OldestNode, $"node is older than version {OldestNode}");
        Assert.SkipUnless(File.Exists(Path.Combine(Folder, "node_modules", ".package-lock.json")), "run npm ci in tests/SecondReader");
    }

    public static Task<ReaderRun> WithPassphraseAsync(string vault, string passphrase, params string[] command) =>
        RunAsync(["read.mjs", vault, "--passphrase-env", PassphraseVariable, .. command], passphrase);

    public static Task<ReaderRun> WithKeyFileAsync(string vault, string keyFile, params string[] command) =>
        RunAsync(["read.mjs", vault, "--key-file", keyFile, .. command], passphrase: null);

    public static Task<ReaderRun> OwnTestsAsync() => RunAsync(["--test"], passphrase: null);

    private static async Task<ReaderRun> RunAsync(string[] arguments, string? passphrase) =>
        await StartAsync(arguments, passphrase) ?? throw new InvalidOperationException("node was there a moment ago and is not now.");

    /// <summary>Null where there is no such program.</summary>
    private static async Task<ReaderRun?> StartAsync(string[] arguments, string? passphrase)
    {
        var start = new ProcessStartInfo("node", arguments)
        {
            WorkingDirectory = Folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [PassphraseVariable] = passphrase },
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }

        using (process)
        {
            var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return new ReaderRun(process.ExitCode, output, await error);
        }
    }
}

/// <summary>What the reader said.</summary>
internal sealed record ReaderRun(int ExitCode, string Output, string Error)
{
    public void RequireSuccess() => Assert.True(ExitCode == 0, $"The second reader ended with {ExitCode}:\n{Output}\n{Error}");
}
