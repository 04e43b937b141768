using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using Perfolizer.Horology;

namespace SecureBackup.Bench.Parts;

/// <param name="Set">The data set that it was measured on; empty where it is on none.</param>
/// <param name="Nanoseconds">One operation: the whole sample for what works on bytes.</param>
/// <param name="ErrorNanoseconds">Standard error of the mean.</param>
internal sealed record PartFigure(string Set, string Name, double Nanoseconds, double ErrorNanoseconds, long AllocatedBytes);

/// <summary>Runs benchmark classes in this process, with few and short iterations, and says nothing of its own.</summary>
internal static class PartRunner
{
    private static readonly TimeInterval Iteration = TimeInterval.FromMilliseconds(250);

    internal static IEnumerable<PartFigure> Run<T>() => Run<T>(Job.ShortRun.WithIterationTime(Iteration));

    /// <summary>For what touches the disk: each iteration once, as it is.</summary>
    internal static IEnumerable<PartFigure> RunOnce<T>() =>
        Run<T>(Job.Default.WithStrategy(RunStrategy.Monitoring).WithWarmupCount(1).WithIterationCount(5).WithInvocationCount(1).WithUnrollFactor(1));

    private static IEnumerable<PartFigure> Run<T>(Job job)
    {
        var config = ManualConfig.CreateEmpty()
            .AddJob(job.WithToolchain(InProcessNoEmitToolchain.Instance))
            .AddLogger(NullLogger.Instance)
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .WithArtifactsPath(Path.Combine(Repository.Root, "bench", "results", "BenchmarkDotNet"))
            .WithOption(ConfigOptions.DisableLogFile, true);
        var summary = BenchmarkRunner.Run<T>(config);
        if (summary.HasCriticalValidationErrors || summary.Reports.Any(static report => report.ResultStatistics is null))
        {
            var reasons = summary.ValidationErrors.Select(static error => error.Message).Concat(summary.Reports.SelectMany(static report => report.ExecuteResults).SelectMany(static result => result.Errors));
            throw new InvalidOperationException($"{typeof(T).Name} could not be measured: {string.Join("; ", reasons)}");
        }

        return summary.Reports.Select(ToFigure);
    }

    private static PartFigure ToFigure(BenchmarkReport report) => new(
        report.BenchmarkCase.Parameters.Items is [var set, ..] ? (string)set.Value : string.Empty,
        report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\''),
        report.ResultStatistics!.Mean,
        report.ResultStatistics.StandardError,
        report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0);
}
