using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// When a run's content looks wrong beside the last good snapshot of the same data set. Percentages are of that one's size, count or files; null switches a gate off. A gate that trips never
/// stops a run: the snapshot is kept as suspect.
/// </summary>
public sealed record ContentGates
{
    public static ContentGates Default { get; } = new();

    public static ContentGates None { get; } = new()
    {
        ShrinkPercent = null, ChangePercent = null, EntropyJumpPercent = null, EmptiedPercent = null, LooksForRansomNames = false,
    };

    public long? MinimumBytes { get; init; }

    /// <summary>Of files, or of records.</summary>
    public long? MinimumCount { get; init; }

    /// <summary>Half of the files, or of the bytes, gone at once is more than work does.</summary>
    public int? ShrinkPercent { get; init; } = 50;

    /// <summary>So much content gave way to other content, where it did not the last time.</summary>
    public int? ChangePercent { get; init; } = 50;

    /// <summary>So many points more of what replaced old content do not compress than of the content before.</summary>
    public int? EntropyJumpPercent { get; init; } = 40;

    public int? EmptiedPercent { get; init; } = 10;

    public bool LooksForRansomNames { get; init; } = true;

    /// <summary>To be called before any I/O.</summary>
    /// <exception cref="RequestException">GateOutOfRange.</exception>
    public void RequireValid()
    {
        foreach (var (name, percent) in new[]
        {
            (nameof(ShrinkPercent), ShrinkPercent), (nameof(ChangePercent), ChangePercent), (nameof(EntropyJumpPercent), EntropyJumpPercent), (nameof(EmptiedPercent), EmptiedPercent),
        })
        {
            if (percent is < 1 or > 100)
            {
                throw new RequestException(FaultCodes.GateOutOfRange, $"{name} is {percent}.");
            }
        }

        if (MinimumBytes < 0 || MinimumCount < 0)
        {
            throw new RequestException(FaultCodes.GateOutOfRange, "A minimum is below 0.");
        }
    }
}
