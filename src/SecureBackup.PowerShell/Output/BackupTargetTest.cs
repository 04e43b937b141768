using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.PowerShell.Output;

/// <summary>What a target can keep, found out by trying.</summary>
public sealed class BackupTargetTest
{
    private BackupTargetTest(TargetSettings settings, string platform, IReadOnlyList<BackupTargetCheck> checks)
    {
        Name = settings.Name;
        Uri = settings.Address.Canonical;
        Platform = platform;
        Checks = checks;
        IsFit = checks.All(static check => check.Result is not (BackupCheckResult.Failed or BackupCheckResult.NotReached));
    }

    /// <summary>Null for an address that is registered under no name.</summary>
    public string? Name { get; }

    public string Uri { get; }

    public string Platform { get; }

    /// <summary>Where the place lies; null where that was not found out.</summary>
    public string? Region { get; private init; }

    /// <summary>Nothing failed, and everything was reached.</summary>
    public bool IsFit { get; }

    /// <summary>0 where the target is fit, else 1.</summary>
    public int ExitCode => IsFit ? 0 : 1;

    /// <summary>How far this computer's clock is ahead of the store's; null where the store does not tell its time.</summary>
    public TimeSpan? ClockDifference { get; private init; }

    /// <summary>The modes in which locks were kept.</summary>
    public IReadOnlyList<string> LockModes { get; private init; } = [];

    /// <summary>Null where it was not found out, as with the next three.</summary>
    public bool? KeepsLegalHolds { get; private init; }

    public bool? KeepsVersions { get; private init; }

    /// <summary>A second put of a name is refused by the store itself.</summary>
    public bool? HasConditionalPut { get; private init; }

    /// <summary>What does not fit its checksum is refused by the store itself.</summary>
    public bool? HasServerChecksum { get; private init; }

    /// <summary>What this credential may do, and a host that only backs up should not.</summary>
    public IReadOnlyList<string> RightsTooWide { get; private init; } = [];

    /// <summary>In the order in which they were made.</summary>
    public IReadOnlyList<BackupTargetCheck> Checks { get; }

    /// <summary>What the place is set to, by item; null where nothing is set.</summary>
    public IReadOnlyDictionary<string, string?> Facts { get; private init; } = new Dictionary<string, string?>(StringComparer.Ordinal);

    /// <summary>Settings that a registered target should have from now on.</summary>
    public IReadOnlyDictionary<string, string> Learnt { get; private init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>How many the store was sent.</summary>
    public long Requests { get; private init; }

    public override string ToString() => $"{Name ?? Uri}: {(IsFit ? "fit" : "not fit")}";

    internal static BackupTargetTest From(TargetSettings settings, string platform, IReadOnlyList<BackupTargetCheck> checks, TargetFindings findings) => new(settings, platform, checks)
    {
        Region = findings.Region,
        ClockDifference = findings.ClockDifference,
        LockModes = [.. new[] { LockMode.Governance, LockMode.Compliance }.Where(mode => findings.LockModes.HasFlag((LockModes)mode)).Select(static mode => mode.ToString())],
        KeepsLegalHolds = findings.Promises.GetValueOrDefault(nameof(KeepsLegalHolds)),
        KeepsVersions = findings.Promises.GetValueOrDefault(nameof(KeepsVersions)),
        HasConditionalPut = findings.Promises.GetValueOrDefault(nameof(HasConditionalPut)),
        HasServerChecksum = findings.Promises.GetValueOrDefault(nameof(HasServerChecksum)),
        RightsTooWide = findings.RightsTooWide,
        Facts = findings.Facts,
        Learnt = findings.Learnt,
        Requests = findings.Requests,
    };
}

/// <summary>What a test found beside its checks.</summary>
/// <param name="Promises">By the property that shows it.</param>
internal sealed record TargetFindings(
    string? Region, TimeSpan? ClockDifference, LockModes LockModes, IReadOnlyDictionary<string, bool?> Promises, IReadOnlyList<string> RightsTooWide,
    IReadOnlyDictionary<string, string?> Facts, IReadOnlyDictionary<string, string> Learnt, long Requests);
