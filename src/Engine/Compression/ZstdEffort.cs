namespace SecureBackup.Engine.Compression;

/// <summary>How hard zstd looks for matches. What it writes differs; whoever reads does not notice. 0 stands for what the level says.</summary>
internal readonly record struct ZstdEffort(int Level)
{
    /// <summary>Level 1: 415 to 450 MB/s on tables, 565 on programs; 3 to 20 % longer than level 3.</summary>
    internal static ZstdEffort Quick { get; } = new(1);

    /// <summary>For short chunks. Level 3 with tables that stay in a core's caches: a twentieth faster, a five-hundredth longer.</summary>
    internal static ZstdEffort Short { get; } = new(3) { ChainLog = 14, HashLog = 15 };

    /// <summary>
    /// For long chunks. Level 3 with tables that stay in a core's second-level cache, and without the shortest matches: 290 to 330 MB/s on tables, 430 on programs, which is
    /// 7 to 22 % faster than level 3; from 1 % shorter to 2 % longer.
    /// </summary>
    internal static ZstdEffort Thorough { get; } = new(3) { ChainLog = 15, HashLog = 17, MinMatch = 6 };

    /// <summary>
    /// Level 5 that looks at more places and ignores the shortest matches: 150 to 170 MB/s, 2 to 7 % shorter than <see cref="Thorough"/>. Level 6 saves one percent more
    /// and takes 60 % longer.
    /// </summary>
    internal static ZstdEffort Best { get; } = new(5) { SearchLog = 3, MinMatch = 6 };

    internal int ChainLog { get; init; }

    internal int HashLog { get; init; }

    internal int SearchLog { get; init; }

    internal int MinMatch { get; init; }
}
