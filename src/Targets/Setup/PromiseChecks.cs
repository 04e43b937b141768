using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Setup;

/// <summary>What the store declares, taken at its word and tried.</summary>
internal static class PromiseChecks
{
    private const string Wrong = "wrong";
    private const string Condition = "conditionalput";

    /// <summary>Of eight moves to one name at once a server that looks first let several through in a quarter of the tries (Apache 2.4.71): four rounds find two of three such servers, and the next test more.</summary>
    private const int Rounds = 4;

    private const int PutsAtOnce = 8;

    public static IReadOnlyList<TargetCheck> All { get; } =
    [
        new(TargetChecks.ConditionalCreate, IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, ConditionalAsync, token)),
        new(TargetChecks.WrongChecksum, IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, ChecksumAsync, token)),
        new("Listing shows a put", IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, ListingAsync, token)),
        new("Listing goes on", IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, PagesAsync, token)),
        new("Written once", IsQuick: false, static (run, token) => ObjectChecks.OnProbeAsync(run, WriteOnceAsync, token)),
    ];

    /// <summary>A store that ignores the condition is one that has none: the target is then opened so that it looks before it puts. So it is where the trial did not come to its end.</summary>
    private static async Task<CheckResult> ConditionalAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (run.Target.Capabilities.ConditionalPut)
        {
            return await TryConditionAsync(run, cancellationToken);
        }

        try
        {
            await run.AssumeAsync(Condition, "yes");
        }
        catch (RequestException exception) when (exception.Code == FaultCodes.TargetOptionInvalid)
        {
            return CheckResult.NotOffered("The platform has none; the target looks before it puts.");
        }

        var isProved = false;
        try
        {
            var result = await TryConditionAsync(run, cancellationToken);
            isProved = result.Outcome == CheckOutcome.Passed;
            return result;
        }
        finally
        {
            await run.LearnAsync(Condition, isProved ? "yes" : "no");
        }
    }

    private static async Task<CheckResult> TryConditionAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var (first, second) = (RandomNumberGenerator.GetBytes(ObjectChecks.ProbeBytes), RandomNumberGenerator.GetBytes(ObjectChecks.ProbeBytes));
        await ObjectChecks.PutAsync(run, "once", first, PutOptions.Default, cancellationToken);
        var isRefused = false;
        try
        {
            await ObjectChecks.PutAsync(run, "once", second, PutOptions.Default, cancellationToken);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AlreadyExists)
        {
            isRefused = true;
        }

        if (!isRefused || !await IsKeptAsync(run, "once", first, cancellationToken))
        {
            return await WithoutConditionAsync(run, "A second put of a name is not refused");
        }

        return await HasOneWinnerAsync(run, cancellationToken) switch
        {
            true => CheckResult.Passed("A second put of a name is refused, at the same moment too, and the first one is kept."),
            false => await WithoutConditionAsync(run, "Of several puts of a name at the same moment more than one is taken"),
            null => CheckResult.CannotTell("A second put of a name is refused; of several at the same moment none was taken."),
        };
    }

    /// <summary>A store that looks and then puts refuses the second of two, and takes both where they come at the same moment.</summary>
    /// <returns>Null where every put failed in every round.</returns>
    private static async Task<bool?> HasOneWinnerAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var isDecided = false;
        for (var round = 0; round < Rounds; round++)
        {
            var last = $"at-once-{round}";
            var contents = Enumerable.Range(0, PutsAtOnce).Select(static _ => RandomNumberGenerator.GetBytes(ObjectChecks.ProbeBytes)).ToList();
            var taken = await Task.WhenAll(contents.Select(content => IsTakenAsync(run, last, content, cancellationToken)));
            var winner = Array.IndexOf(taken, true);
            if (winner >= 0 && (Array.LastIndexOf(taken, true) != winner || !await IsKeptAsync(run, last, contents[winner], cancellationToken)))
            {
                return false;
            }

            isDecided |= winner >= 0;
        }

        return isDecided ? true : null;
    }

    /// <summary>A store may as well refuse some because others are under way.</summary>
    private static async Task<bool> IsTakenAsync(ProbeRun run, string last, byte[] content, CancellationToken cancellationToken)
    {
        try
        {
            await ObjectChecks.PutAsync(run, last, content, PutOptions.Default, cancellationToken);
            return true;
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AlreadyExists || exception.IsTransient)
        {
            return false;
        }
    }

    private static async Task<bool> IsKeptAsync(ProbeRun run, string last, byte[] content, CancellationToken cancellationToken) =>
        (await run.Target.TryFetchAsync(run.Name(last), 2 * ObjectChecks.ProbeBytes, cancellationToken))?.Bytes is { } bytes && bytes.Span.SequenceEqual(content);

    private static async Task<CheckResult> WithoutConditionAsync(ProbeRun run, string seen) => !await TryLearnAsync(run, Condition, "no")
        ? CheckResult.Failed(FaultCodes.TargetUnsupported, $"{seen}, which this platform promises: what answers there is another one.")
        : CheckResult.NotOffered($"{seen}: two owners that change the register at the same moment may overwrite each other.");

    /// <summary>Not where the platform has no such option.</summary>
    private static async Task<bool> TryLearnAsync(ProbeRun run, string option, string value)
    {
        try
        {
            await run.LearnAsync(option, value);
            return true;
        }
        catch (RequestException exception) when (exception.Code == FaultCodes.TargetOptionInvalid)
        {
            return false;
        }
    }

    private static async Task<CheckResult> ChecksumAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (!run.Target.Capabilities.ServerChecksum)
        {
            return CheckResult.NotOffered("The store compares no checksum; packs are read back.");
        }

        // A store that is told the sum of what was announced is sent something else; one that is told the sum of what is sent, something that changed since it was read for that.
        foreach (var steadyReadings in new[] { 0, 1 })
        {
            var before = run.Target.Meter.Sample().Puts;
            if (!await IsRefusedAsync(run, steadyReadings, cancellationToken))
            {
                await run.LearnAsync("serverchecksum", "no");
                return CheckResult.NotOffered("What does not fit its checksum is taken: packs will be read back.");
            }

            if (run.Target.Meter.Sample().Puts > before)
            {
                return await run.Target.StatAsync(run.Name(Wrong), cancellationToken) is null
                    ? CheckResult.Passed("What does not fit its checksum is refused.")
                    : CheckResult.Failed(FaultCodes.TargetGarbled, "What does not fit its checksum is refused, and is there all the same.");
            }
        }

        return CheckResult.CannotTell("Nothing wrong gets as far as the store.");
    }

    private static async Task<bool> IsRefusedAsync(ProbeRun run, int steadyReadings, CancellationToken cancellationToken)
    {
        var announced = RandomNumberGenerator.GetBytes(ObjectChecks.ProbeBytes);
        using var content = new ChangingStream(announced, RandomNumberGenerator.GetBytes(ObjectChecks.ProbeBytes), steadyReadings);
        try
        {
            await run.Target.PutAsync(run.Name(Wrong), content, PutOptions.Default with { Sha256 = ContentHash.Of(announced) }, cancellationToken);
            return false;
        }
        catch (Exception exception) when (exception is IntegrityException { Code: var code } && code == FaultCodes.ContentMismatch || exception is TargetException { Fault: TargetFault.Garbled })
        {
            return true;
        }
    }

    private static async Task<CheckResult> ListingAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (run.ListRefusal is { } refusal)
        {
            return CheckResult.Failed(refusal);
        }

        await ObjectChecks.PutAsync(run, "listed", new byte[1], PutOptions.Default, cancellationToken);
        var isShown = (await ListAsync(run.Target.ListAsync(PrefixOf(run), cancellationToken))).Contains(run.Name("listed"));
        return isShown || !run.Target.Capabilities.ListAfterWrite
            ? CheckResult.Passed(isShown ? "At once." : "Later, as the platform says.")
            : CheckResult.Failed(FaultCodes.TargetUnsupported, "A listing does not show what was put before it began.");
    }

    private static async Task<CheckResult> PagesAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (run.ListRefusal is { } refusal)
        {
            return CheckResult.Failed(refusal);
        }

        foreach (var last in new[] { "p/1", "p/2", "p/3" })
        {
            await ObjectChecks.PutAsync(run, last, new byte[1], PutOptions.Default, cancellationToken);
        }

        var prefix = $"{PrefixOf(run)}p/";
        var all = await ListAsync(run.Target.ListAsync(prefix, cancellationToken));
        var rest = run.Target.Capabilities.ListsInOrder ? await ListAsync(run.Target.ListAfterAsync(prefix, run.Name("p/1"), cancellationToken)) : [.. all.Where(name => name != run.Name("p/1"))];
        return all.Count == 3 && all.Distinct().Count() == 3 && rest.Count == 2 && !rest.Contains(run.Name("p/1"))
            ? CheckResult.Passed("Each object once, and from any name on.")
            : CheckResult.Failed(FaultCodes.TargetUnsupported, "A listing lacks objects, or has some twice.");
    }

    /// <summary>A credential that can neither delete nor overwrite makes the place one that is written once. A lock that refuses it ends one day, and proves nothing about rights.</summary>
    private static async Task<CheckResult> WriteOnceAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var isKept = run.MayDelete == false;
        var isHidden = run.MayDelete is null;
        if (isKept)
        {
            try
            {
                await ObjectChecks.PutAsync(run, ObjectChecks.Small, new byte[1], PutOptions.Default with { IfAbsent = false }, cancellationToken);
                isKept = false;
            }
            catch (TargetException exception) when (exception.Fault is TargetFault.AccessDenied or TargetFault.AlreadyExists)
            {
                // That is how it should be.
            }
            catch (TargetException exception) when (exception.Fault == TargetFault.Locked)
            {
                (isKept, isHidden) = (false, true);
            }
        }

        if (run.Target.Capabilities.EnforcesWriteOnce != isKept)
        {
            await run.LearnAsync("writeonce", isKept ? "yes" : "no");
        }

        return isKept ? CheckResult.Passed("This credential can neither delete nor overwrite.")
            : isHidden ? CheckResult.CannotTell("Whether this credential can delete or overwrite could not be tried.")
            : CheckResult.NotOffered("This credential can delete or overwrite; versions and locks protect from that.");
    }

    private static string PrefixOf(ProbeRun run) => run.Name("x").Value[..^1];

    private static async Task<List<ObjectName>> ListAsync(IAsyncEnumerable<ObjectStat> listing)
    {
        var names = new List<ObjectName>();
        await foreach (var stat in listing)
        {
            names.Add(stat.Name);
        }

        return names;
    }
}
