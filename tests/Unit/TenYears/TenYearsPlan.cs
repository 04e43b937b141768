using SecureBackup.Engine.Retention;

namespace SecureBackup.Tests.Unit.TenYears;

/// <summary>How fast the film runs. The story is the same: ten years, five hosts, one of them stolen in the fourth year.</summary>
internal sealed record TenYearsPlan
{
    public const int Years = 10;
    public const int Hosts = 5;

    /// <summary>Between two turns; each turn the first host backs up, and each fifth one all do.</summary>
    public required TimeSpan Turn { get; init; }

    public required int Turns { get; init; }

    /// <summary>Turns between two removals, checks and collections.</summary>
    public required int MaintenanceEvery { get; init; }

    public required RetentionPolicy Policy { get; init; }

    /// <summary>Customers whose records the first host backs up at the end of each year; a part of them leaves each year and is erased.</summary>
    public required int Customers { get; init; }

    public required int ErasuresAYear { get; init; }

    /// <summary>Of thousands of customers a page of the listing may take 256 KiB.</summary>
    public int PackSizeBytes { get; init; } = 512 * 1024;

    /// <summary>After each removal so many nights see a collection: what was condemned in one is deleted in the next, what was moved in that in the third, and the last tidies up.</summary>
    public const int Nights = 4;

    public static TimeSpan Night { get; } = TimeSpan.FromDays(1);

    /// <summary>Each so many removals the collections compact too.</summary>
    public int CompactionEvery { get; init; } = 4;

    /// <summary>3,650 days.</summary>
    public static TenYearsPlan Daily { get; } = new()
    {
        Turn = TimeSpan.FromDays(1),
        Turns = 3_650,
        MaintenanceEvery = 7,
        Customers = 12_000,
        ErasuresAYear = 1_000,
        Policy = new RetentionPolicy { KeepDaily = 14, KeepWeekly = 8, KeepMonthly = 24, KeepYearly = 11 },
    };

    /// <summary>The same in 520 weeks.</summary>
    public static TenYearsPlan Weekly { get; } = Daily with
    {
        Turn = TimeSpan.FromDays(7),
        Turns = 520,
        MaintenanceEvery = 4,
        Policy = new RetentionPolicy { KeepWeekly = 8, KeepMonthly = 24, KeepYearly = 11 },
    };

    /// <summary>The same in 120 months.</summary>
    public static TenYearsPlan Monthly { get; } = new()
    {
        Turn = TimeSpan.FromDays(30.4),
        Turns = 120,
        MaintenanceEvery = 3,
        CompactionEvery = 1,
        PackSizeBytes = 64 * 1024,
        Customers = 90,
        ErasuresAYear = 7,
        Policy = new RetentionPolicy { KeepMonthly = 6, KeepYearly = 11 },
    };

    public int TurnsOfYear => Turns / Years;

    public int StolenAt => Turns * 4 / 10;

    /// <summary>Until somebody notices.</summary>
    public int RevokedAt => StolenAt + Math.Max(3, TurnsOfYear / 12);

    public static string DataSetOf(int host) => $"shop-{host}";
}
