using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Engine.Pipeline;

public enum DifferenceKind
{
    Equal = 0,
    Added = 1,
    Removed = 2,
    Changed = 3,

    /// <summary>Something else stands under the name, such as a folder where a file was.</summary>
    TypeChanged = 4,
}

/// <summary>What became of one path between two states.</summary>
/// <param name="Before">Null where it was added.</param>
/// <param name="After">Null where it was removed.</param>
/// <param name="Aspects">In what they differ, where both are there and of one kind.</param>
public sealed record EntryDifference(EntryPath Path, EntryMetadata? Before, EntryMetadata? After, EntryAspects Aspects)
{
    public DifferenceKind Change { get; } = (Before, After) switch
    {
        (null, _) => DifferenceKind.Added,
        (_, null) => DifferenceKind.Removed,
        var (before, after) when MetadataComparison.IsOtherKind(before, after) => DifferenceKind.TypeChanged,
        _ => Aspects == EntryAspects.None ? DifferenceKind.Equal : DifferenceKind.Changed,
    };
}

/// <summary>What is compared, and how far.</summary>
public sealed record CompareOptions
{
    public static CompareOptions Default { get; } = new();

    /// <summary>Patterns as of <see cref="EntryFilter"/>; empty for everything.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>What matches is left out, and everything below it.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Also what is equal.</summary>
    public bool IncludesEqual { get; init; }

    /// <summary>Read files of the disk whose size tells nothing, and compare their bytes.</summary>
    public bool ReadsContent { get; init; }

    public ProgressCounters Counters { get; init; } = new();

    /// <summary>Told what could not be compared.</summary>
    public Action<EntryFault> OnFault { get; init; } = static _ => { };
}

/// <summary>How many paths ended how.</summary>
public sealed class ComparisonTally
{
    private long _equal;

    public long Added { get; private set; }

    public long Removed { get; private set; }

    public long Changed { get; private set; }

    public long TypeChanged { get; private set; }

    /// <summary>Null where shared pages were passed over and patterns would have chosen from them.</summary>
    public long? Equal { get; private set; } = 0;

    /// <summary>Entries of one side whose counterpart cannot be read.</summary>
    public long Unknown { get; private set; }

    public long Different => Added + Removed + Changed + TypeChanged;

    internal void Count(DifferenceKind change)
    {
        switch (change)
        {
            case DifferenceKind.Added: Added++; break;
            case DifferenceKind.Removed: Removed++; break;
            case DifferenceKind.Changed: Changed++; break;
            case DifferenceKind.TypeChanged: TypeChanged++; break;
            default: Equal = ++_equal; break;
        }
    }

    /// <param name="passedOver">Equal entries that were not looked at one by one; null where it is not known how many of them were asked for.</param>
    internal void EndWith(long? passedOver, long unknown)
    {
        Equal = _equal + passedOver;
        Unknown = unknown;
    }
}
