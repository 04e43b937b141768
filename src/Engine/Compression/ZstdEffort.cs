namespace SecureBackup.Engine.Compression;

/// <summary>How hard zstd looks for matches. What it writes differs; whoever reads does not notice. 0 stands for what the level says.</summary>
internal readonly record struct ZstdEffort(int Level)
{
    /// <summary>Level 1: 440 MB/s on tables of customers, 580 on programs; 2 and 8 % longer than <see cref="Thorough"/>.</summary>
    internal static ZstdEffort Quick { get; } = new(1);

    /// <summary>Level 3 with tables that stay in a core's second-level cache: as fast again by a tenth (345 and 446 MB/s), one part in a hundred longer.</summary>
    internal static ZstdEffort Thorough { get; } = new(3) { ChainLog = 14, HashLog = 15 };

    /// <summary>
    /// Level 5 that looks at more places and ignores the shortest matches: 172 MB/s, 3.5 % shorter than <see cref="Thorough"/>. Level 6 saves one percent more and takes
    /// 60 % longer.
    /// </summary>
    internal static ZstdEffort Best { get; } = new(5) { SearchLog = 3, MinMatch = 6 };

    internal int ChainLog { get; init; }

    internal int HashLog { get; init; }

    internal int SearchLog { get; init; }

    internal int MinMatch { get; init; }
}
