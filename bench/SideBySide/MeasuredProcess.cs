using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace SecureBackup.Bench.SideBySide;

/// <param name="AcceptedCodes">Exit codes that mean that the work was done.</param>
internal sealed record ToolCommand(string Program, IReadOnlyList<string> Arguments, params IReadOnlyList<int> AcceptedCodes)
{
    internal string? WorkingFolder { get; init; }
}

/// <param name="PeakBytes">The most that was resident.</param>
internal sealed record Measure(double Seconds, double CpuSeconds, long PeakBytes)
{
    internal Measure Then(Measure next) => new(Seconds + next.Seconds, CpuSeconds + next.CpuSeconds, Math.Max(PeakBytes, next.PeakBytes));
}

/// <summary>Runs one process to its end and says what it took.</summary>
internal static partial class MeasuredProcess
{
    /// <summary>What was resident in the last moments only is missed; a look costs 30 microseconds.</summary>
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromMilliseconds(20);

    private const int OfChildren = -1;

    /// <exception cref="InvalidOperationException">It could not be started, or its exit code says that it failed.</exception>
    internal static Measure Run(ToolCommand command, IReadOnlyDictionary<string, string> environment) => Run(command, environment, out _);

    /// <param name="said">All that it wrote.</param>
    internal static Measure Run(ToolCommand command, IReadOnlyDictionary<string, string> environment, out string said)
    {
        var start = new ProcessStartInfo(command.Program, command.Arguments)
        {
            WorkingDirectory = command.WorkingFolder ?? Path.GetTempPath(),
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var output = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += Note;
        process.ErrorDataReceived += Note;
        var before = CpuOfChildren();
        var watch = Stopwatch.StartNew();
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var peak = PeakOf(process.Id);
        while (!process.WaitForExit(BetweenLooks))
        {
            peak = Math.Max(peak, PeakOf(process.Id));
        }

        watch.Stop();
        process.WaitForExit();
        said = output.ToString();
        if (!command.AcceptedCodes.DefaultIfEmpty(0).Contains(process.ExitCode))
        {
            throw new InvalidOperationException($"{command.Program} {string.Join(' ', command.Arguments)} ended with {process.ExitCode}: {said[Math.Max(0, said.Length - 2000)..]}");
        }

        return new Measure(watch.Elapsed.TotalSeconds, CpuOfChildren() - before, peak);

        void Note(object sender, DataReceivedEventArgs line)
        {
            lock (output)
            {
                output.AppendLine(line.Data);
            }
        }
    }

    /// <summary>The kernel's high-water mark; 0 once the process is gone.</summary>
    private static long PeakOf(int process)
    {
        try
        {
            var line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Trim().Split('\t')[^1], CultureInfo.InvariantCulture) * 1024;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>User and system time of all children that have ended.</summary>
    private static double CpuOfChildren()
    {
        Span<long> usage = stackalloc long[18];
        if (GetUsage(OfChildren, ref MemoryMarshal.GetReference(usage)) != 0)
        {
            throw new InvalidOperationException("The processor time of the children is not to be had.");
        }

        return usage[0] + usage[2] + ((usage[1] + usage[3]) / 1e6);
    }

    [LibraryImport("libc", EntryPoint = "getrusage")]
    private static partial int GetUsage(int who, ref long usage);
}
