using System.Security.Cryptography;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Setup;

/// <summary>The rights that every vault needs, each by using it once.</summary>
internal static class ObjectChecks
{
    public const int ProbeBytes = 64;

    /// <summary>The object that most checks are made with.</summary>
    public const string Small = "small";

    private static readonly byte[] Content = RandomNumberGenerator.GetBytes(ProbeBytes);

    public static IReadOnlyList<TargetCheck> All { get; } =
    [
        new("List", IsQuick: true, ListAsync) { OnlyLooks = true },
        new("Put", IsQuick: true, PutAsync),
        new("Read", IsQuick: true, static (run, token) => OnProbeAsync(run, ReadAsync, token)),
        new("Read a range", IsQuick: true, static (run, token) => OnProbeAsync(run, ReadRangeAsync, token)),
        new("Look up", IsQuick: true, static (run, token) => OnProbeAsync(run, StatAsync, token)),
        new("Delete", IsQuick: true, static (run, token) => OnProbeAsync(run, DeleteAsync, token)),
    ];

    /// <summary>For checks that need something to look at.</summary>
    public static async Task<CheckResult> OnProbeAsync(ProbeRun run, Func<ProbeRun, CancellationToken, Task<CheckResult>> check, CancellationToken cancellationToken) =>
        await PlaceChecks.UnreachableAsync(run, cancellationToken)
        ?? (run.Probe is null ? new CheckResult(CheckOutcome.NotReached, "Nothing could be put.") : await check(run, cancellationToken));

    public static Task<PutReceipt> PutAsync(ProbeRun run, string last, ReadOnlyMemory<byte> content, PutOptions options, CancellationToken cancellationToken) =>
        run.Target.PutAsync(run.Name(last), new MemoryStream(content.ToArray(), writable: false), options, cancellationToken);

    private static async Task<CheckResult> ListAsync(ProbeRun run, CancellationToken cancellationToken) =>
        await PlaceChecks.UnreachableAsync(run, cancellationToken) ?? (run.ListRefusal is { } refusal ? CheckResult.Failed(refusal) : CheckResult.Passed("It may."));

    /// <summary>What is put must be found again, to be taken away if for nothing else. A folder that was missing needed no right to be listed, so it is listed once more.</summary>
    private static async Task<CheckResult> PutAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        if (await PlaceChecks.UnreachableAsync(run, cancellationToken) is { } unreachable)
        {
            return unreachable;
        }

        if (run.ListRefusal is not null)
        {
            return new CheckResult(CheckOutcome.NotReached, "What was put could not be found again.");
        }

        var before = run.Time.GetUtcNow();
        run.Probe = await PutAsync(run, Small, Content, PutOptions.Default, cancellationToken);
        run.CompareClocks(before, run.Probe.StoreTime);
        await using var first = run.Target.ListAsync(ObjectPrefix.Probes, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await first.MoveNextAsync();
        return CheckResult.Passed("It may.");
    }

    private static async Task<CheckResult> ReadAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var found = await run.Target.TryFetchAsync(run.Name(Small), 2 * ProbeBytes, cancellationToken);
        return found?.Bytes is { } bytes && bytes.Span.SequenceEqual(Content) ? CheckResult.Passed("It may.") : Other("what was put is not what is read");
    }

    private static async Task<CheckResult> ReadRangeAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var part = new byte[20];
        await run.Target.ReadAsync(run.Name(Small), 10, part, cancellationToken);
        return part.AsSpan().SequenceEqual(Content.AsSpan(10, 20)) ? CheckResult.Passed("Parts can be read.") : Other("a part that was asked for is not the one that came");
    }

    private static async Task<CheckResult> StatAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        var missing = await run.Target.StatAsync(run.Name("missing"), cancellationToken);
        var stat = await run.Target.StatAsync(run.Name(Small), cancellationToken);
        return missing is null && stat?.LengthBytes == ProbeBytes ? CheckResult.Passed("It may, and what is missing is told from what is forbidden.") : Other("what was put is not what is looked up");
    }

    private static async Task<CheckResult> DeleteAsync(ProbeRun run, CancellationToken cancellationToken)
    {
        await PutAsync(run, "deleted", Content, PutOptions.Default, cancellationToken);
        try
        {
            await run.Target.DeleteAsync(run.Name("deleted"), cancellationToken);
            run.MayDelete = true;
            return await run.Target.StatAsync(run.Name("deleted"), cancellationToken) is null ? CheckResult.Passed("It may.") : Other("what was deleted is still there");
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.Locked)
        {
            return CheckResult.CannotTell("What is put is locked at once, by a retention of the place or by default: nobody can delete it yet.");
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AccessDenied)
        {
            run.MayDelete = false;
            return CheckResult.Passed("It may not. That is enough for backups; Optimize-BackupVault and removals need a credential that may.");
        }
    }

    private static CheckResult Other(string problem) => CheckResult.Failed(FaultCodes.TargetGarbled, $"The store does not keep what it is given: {problem}.");
}
