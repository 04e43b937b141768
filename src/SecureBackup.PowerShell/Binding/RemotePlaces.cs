using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// The one place that names the assembly of the object stores, which is loaded with all its libraries when such a method is first compiled: a vault in a folder never does.
/// </summary>
internal static class RemotePlaces
{
    /// <summary>A check wants an answer, not a store that comes back in ten minutes.</summary>
    private static readonly RetryOptions Hurried = new(MaxRetries: 2, Delay: TimeSpan.FromMilliseconds(200), MaxDelay: TimeSpan.FromSeconds(1));

    private const string Assembly = "SecureBackup.Targets";

    /// <exception cref="RequestException"><c>PlatformNotInstalled</c>: the module lacks that assembly.</exception>
    public static Target Open(TargetSettings settings, TargetCredential credential) => Guarded(settings, () => OpenHere(settings, credential));

    /// <inheritdoc cref="Open"/>
    public static string PlatformOf(TargetSettings settings) => Guarded(settings, () => PlatformHere(settings));

    /// <summary>What every vault needs of a store, and that nobody else is let in.</summary>
    /// <exception cref="BackupException">The first refusal.</exception>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static async Task CheckAsync(TargetSettings settings, TargetCredential credential, TimeSpan limit, CancellationToken cancellationToken)
    {
        await using var run = Probe(settings, credential);
        var found = new List<(TargetCheck Check, CheckResult Result)>();
        await TargetChecks.RunAsync(run, TargetChecks.QuickFor(settings), limit, (check, result, _) => found.Add((check, result)), cancellationToken);

        // What failed says why; what was not reached only that something did.
        foreach (var (check, result) in found.OrderByDescending(static one => one.Result.Outcome == CheckOutcome.Failed))
        {
            if (Refusal(settings, check, result) is { } refusal)
            {
                throw refusal;
            }
        }
    }

    /// <summary>All checks, or the quick ones.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static async Task<BackupTargetTest> TestAsync(
        TargetSettings settings, string platform, TargetCredential credential, bool isQuick, TimeSpan limit, Action<BackupTargetCheck> done, CancellationToken cancellationToken)
    {
        await using var run = Probe(settings, credential);
        var checks = new List<BackupTargetCheck>();
        await TargetChecks.RunAsync(
            run,
            isQuick ? TargetChecks.QuickFor(settings) : TargetChecks.For(settings),
            limit,
            (check, result, elapsed) =>
            {
                checks.Add(new BackupTargetCheck(check.Name, (BackupCheckResult)(int)result.Outcome, result.Detail, result.Code?.ToString(), result.Remedy, elapsed));
                done(checks[^1]);
            },
            cancellationToken);
        return BackupTargetTest.From(settings, platform, checks, FindingsOf(run, checks));
    }

    /// <inheritdoc cref="PlaceWork"/>
    /// <param name="ask">With the text of a change, and whether nobody can take it back.</param>
    /// <returns>What a registered target should know from now on; null where it learns nothing.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static async Task<PlaceLessons?> InitializeAsync(
        TargetSettings settings, TargetCredential credential, PlaceOrder order, Func<string, bool, Task<PlaceAnswer>> ask, PipelineGate gate, CancellationToken cancellationToken)
    {
        await using var setup = OpenSetup(settings, credential);
        return await new PlaceWork(setup, order, settings.Name ?? settings.Address.Canonical, ask, gate).RunAsync(cancellationToken);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ProbeRun Probe(TargetSettings settings, TargetCredential credential) => new(
        settings,
        changed => new RetryTarget(RemoteTargets.Open(changed, credential, Context), Hurried, TimeProvider.System, RunSink.Instance),
        OpenSetup(settings, credential),
        TimeProvider.System);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static RetrySetup OpenSetup(TargetSettings settings, TargetCredential credential) => new(RemoteTargets.OpenSetup(settings, credential, Context), Hurried, TimeProvider.System, RunSink.Instance);

    private static T Guarded<T>(TargetSettings settings, Func<T> call)
    {
        try
        {
            return call();
        }
        catch (FileNotFoundException exception) when (exception.FileName?.StartsWith(Assembly, StringComparison.Ordinal) == true)
        {
            throw new RequestException(FaultCodes.PlatformNotInstalled, $"{settings.Address} cannot be opened: {Assembly} is not installed.", exception);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Target OpenHere(TargetSettings settings, TargetCredential credential) => RemoteTargets.Open(settings, credential, Context);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static string PlatformHere(TargetSettings settings) => RemoteTargets.PlatformOf(settings);

    private static OpenContext Context => new(RunSink.Instance, TimeProvider.System);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TargetFindings FindingsOf(ProbeRun run, List<BackupTargetCheck> checks)
    {
        bool? Promise(string check) => checks.Find(one => string.Equals(one.Name, check, StringComparison.Ordinal))?.Result switch
        {
            BackupCheckResult.Passed => true,
            BackupCheckResult.NotOffered or BackupCheckResult.Failed => false,
            _ => null,
        };

        var promises = new Dictionary<string, bool?>(StringComparer.Ordinal)
        {
            [nameof(BackupTargetTest.KeepsLegalHolds)] = Promise(TargetChecks.LegalHold),
            [nameof(BackupTargetTest.KeepsVersions)] = Promise(TargetChecks.Versioning),
            [nameof(BackupTargetTest.HasConditionalPut)] = Promise(TargetChecks.ConditionalCreate),
            [nameof(BackupTargetTest.HasServerChecksum)] = Promise(TargetChecks.WrongChecksum),
        };
        var facts = run.Facts.ToDictionary(static fact => fact.Item, static fact => fact.State == FactState.Known ? fact.Value : $"({fact.State})", StringComparer.Ordinal);
        return new TargetFindings(run.Region, run.ClockDifference, run.LockModes, promises, run.RightsTooWide, facts, run.Learnt, run.Traffic.Requests);
    }

    private static BackupException? Refusal(TargetSettings settings, TargetCheck check, CheckResult result) => result switch
    {
        { Outcome: CheckOutcome.Failed, Code: { } code } => FaultOf(code) is { } fault
            ? new TargetException(fault, result.Detail) { Remedy = result.Remedy ?? code.Remedy }
            : new BackupException(code, result.Detail) { Remedy = result.Remedy ?? code.Remedy },
        { Outcome: CheckOutcome.NotReached } => new TargetException(TargetFault.Unavailable, $"'{check.Name}' of {settings.Address} could not be found out: {result.Detail}"),
        _ => null,
    };

    private static TargetFault? FaultOf(FaultCode code) => Enum.GetValues<TargetFault>().Cast<TargetFault?>().FirstOrDefault(fault => FaultCodes.ForTarget(fault!.Value) == code);
}
