using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace SecureBackup.Tests.Unit.Shell;

/// <summary>What a finished shell process left behind.</summary>
public sealed record ShellResult(int ExitCode, string Output, string Error)
{
    public IReadOnlyList<string> OutputLines { get; } = Output.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Fails the test with everything that the process said unless it succeeded.</summary>
    public ShellResult ShouldSucceed()
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}.\n{Output}\n{Error}");
        return this;
    }
}

public sealed record ShellOptions
{
    public static ShellOptions Default { get; } = new();

    public string? WorkingDirectory { get; init; }

    public string StandardInput { get; init; } = string.Empty;

    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Set in the child; null removes a variable.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>(StringComparer.Ordinal);
}

/// <summary>
/// The built console in a process of its own, with all three streams redirected. It is found through <c>SECUREBACKUP_SHELL</c>, else in
/// <c>tools/Shell/bin</c> (the configuration of this test assembly first).
/// </summary>
public sealed class ShellProcess : IDisposable
{
    private const int InterruptSignal = 2;
    private const int KillSignal = 9;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly TaskCompletionSource _outputEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _errorEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private readonly List<(string Text, TaskCompletionSource Seen)> _awaited = [];
    private readonly TimeSpan _timeout;

    private ShellProcess(ProcessStartInfo start, TimeSpan timeout)
    {
        _timeout = timeout;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Receive(_output, e.Data, _outputEnded);
        _process.ErrorDataReceived += (_, e) => Receive(_error, e.Data, _errorEnded);
    }

    public static string ShellPath { get; } = FindShell();

    public int Id => _process.Id;

    public static Task<ShellResult> RunCommandAsync(string text, CancellationToken cancellationToken) =>
        RunCommandAsync(text, ShellOptions.Default, cancellationToken);

    public static Task<ShellResult> RunCommandAsync(string text, ShellOptions options, CancellationToken cancellationToken) =>
        RunAsync(["-Command", text], options, cancellationToken);

    public static Task<ShellResult> RunScriptAsync(string path, IEnumerable<string> arguments, CancellationToken cancellationToken) =>
        RunAsync([path, .. arguments], ShellOptions.Default, cancellationToken);

    public static async Task<ShellResult> RunAsync(IEnumerable<string> arguments, ShellOptions options, CancellationToken cancellationToken)
    {
        using var process = Start(arguments, options);
        return await process.WaitForExitAsync(cancellationToken);
    }

    public static ShellProcess Start(IEnumerable<string> arguments, ShellOptions options)
    {
        var start = new ProcessStartInfo("dotnet", [ShellPath, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = options.WorkingDirectory ?? Environment.CurrentDirectory,
        };
        foreach (var (name, value) in options.Environment)
        {
            start.Environment[name] = value;
        }

        var process = new ShellProcess(start, options.Timeout);
        process._process.Start();
        process._process.BeginOutputReadLine();
        process._process.BeginErrorReadLine();
        process._process.StandardInput.Write(options.StandardInput);
        process._process.StandardInput.Close();
        return process;
    }

    /// <summary>Completes when a line of standard output contains <paramref name="text"/>; fails when the process ends before that.</summary>
    public async Task WaitForOutputAsync(string text, CancellationToken cancellationToken)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_output.ToString().Contains(text, StringComparison.Ordinal))
            {
                return;
            }

            _awaited.Add((text, seen));
        }

        await Task.WhenAny(seen.Task, _outputEnded.Task).WaitAsync(_timeout, cancellationToken);
        Assert.True(seen.Task.IsCompleted, $"The shell ended before it said '{text}'.\n{Snapshot(_output)}\n{Snapshot(_error)}");
    }

    /// <summary>For tests of Ctrl+C.</summary>
    public static void SkipWhereNoneIsInterrupted()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A console event cannot be sent to one process alone on Windows.");
        Assert.SkipWhen(IsInterruptIgnored(), "This test run ignores SIGINT and its children inherit that.");
    }

    /// <summary>Ctrl+C, as a terminal sends it. Unix only.</summary>
    public void Interrupt() => Assert.Equal(0, Kill(_process.Id, InterruptSignal));

    /// <summary>The end without any clean-up.</summary>
    public void KillHard()
    {
        if (OperatingSystem.IsWindows())
        {
            _process.Kill();
        }
        else
        {
            Assert.Equal(0, Kill(_process.Id, KillSignal));
        }
    }

    /// <summary>Waits for the end; after the timeout the process is killed and the test fails with what it said so far.</summary>
    public async Task<ShellResult> WaitForExitAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _process.WaitForExitAsync(cancellationToken).WaitAsync(_timeout, cancellationToken);
            await Task.WhenAll(_outputEnded.Task, _errorEnded.Task).WaitAsync(_timeout, cancellationToken);
        }
        catch (TimeoutException)
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"The shell did not end within {_timeout}.\n{Snapshot(_output)}\n{Snapshot(_error)}");
        }

        return new ShellResult(_process.ExitCode, Snapshot(_output), Snapshot(_error));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static string FindShell()
    {
        if (Environment.GetEnvironmentVariable("SECUREBACKUP_SHELL") is { Length: > 0 } given)
        {
            return given;
        }

        var bin = Path.Combine(Repository.Root, "tools", "Shell", "bin");
        string[] configurations = Repository.IsReleaseBuild ? ["Release", "Debug"] : ["Debug", "Release"];
        return configurations.Select(configuration => Path.Combine(bin, configuration, "net10.0", "SecureBackup.Shell.dll")).FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The console is not built: there is no SecureBackup.Shell.dll below {bin}.");
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int processId, int signal);

    private string Snapshot(StringBuilder text)
    {
        lock (_gate)
        {
            return text.ToString();
        }
    }

    private void Receive(StringBuilder text, string? line, TaskCompletionSource ended)
    {
        if (line is null)
        {
            ended.TrySetResult();
            return;
        }

        lock (_gate)
        {
            text.AppendLine(line);
            if (ReferenceEquals(text, _output))
            {
                _awaited.Where(item => line.Contains(item.Text, StringComparison.Ordinal)).ToList().ForEach(item => item.Seen.TrySetResult());
            }
        }
    }

    private static bool IsInterruptIgnored() =>
        OperatingSystem.IsLinux()
        && File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("SigIgn:", StringComparison.Ordinal)) is { } mask
        && (Convert.ToUInt64(mask["SigIgn:".Length..].Trim(), 16) & 0b10) != 0;
}
