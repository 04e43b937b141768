using System.Runtime.CompilerServices;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static ProbeRun Probe(TargetSettings settings, TargetCredential credential) => new(
        settings,
        changed => new RetryTarget(RemoteTargets.Open(changed, credential, Context), Hurried, TimeProvider.System, NullSink.Instance),
        RemoteTargets.OpenSetup(settings, credential, Context),
        TimeProvider.System);

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

    private static OpenContext Context => new(NullSink.Instance, TimeProvider.System);

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
