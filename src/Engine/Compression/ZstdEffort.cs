namespace SecureBackup.Engine.Compression;

/// <summary>How hard zstd looks for matches. What it writes differs; whoever reads does not notice. 0 stands for what the level says.</summary>
internal readonly record struct ZstdEffort(int Level)
{
    /// <summary>Level 1, which ignores matches below 7 bytes: 440 to 510 MB/s on tables, 590 on programs.</summary>
    internal static ZstdEffort Quick { get; } = new(1);

    /// <summary>
    /// For short chunks. Level 3 with tables that stay in a core's caches, and matches from 5 bytes on: 310 MB/s on small files, a twelfth faster than with its own, and a five-hundredth longer. A second table half
    /// as large is 7 % faster for 0.3 % more. Level 1 with matches from 5 bytes on takes 6 % less of a whole backup of 100,000 small files, whose vault then is 2 % larger.
    /// </summary>
    internal static ZstdEffort Short { get; } = new(3) { ChainLog = 15, HashLog = 15, MinMatch = 5 };

    /// <summary>For long chunks of bytes. Level 1 with a larger table and shorter matches: 460 MB/s on programs, 6 % shorter than <see cref="Quick"/>; level 3 takes half as long again for 3 % more.</summary>
    internal static ZstdEffort Bytes { get; } = new(1) { HashLog = 15, MinMatch = 5 };

    /// <summary>
    /// For long chunks of text where it pays. Level 1 with the largest table that stays in a core's second-level cache beside the chunk, and matches from 6 bytes on: 330 to 370 MB/s on
    /// tables, up to 14 % shorter than <see cref="Quick"/>; level 3 takes half as long again, and is from 6 % shorter to 1 % longer.
    /// </summary>
    internal static ZstdEffort Thorough { get; } = new(1) { HashLog = 16, MinMatch = 6 };

    /// <summary>Best for short chunks. Level 5 with tables that stay in a core's caches: 160 MB/s, 3 % shorter than <see cref="Short"/>; with its own 15 % slower for a two-hundred-and-fiftieth.</summary>
    internal static ZstdEffort BestOfShort { get; } = new(5) { ChainLog = 15, HashLog = 15, SearchLog = 3, MinMatch = 4 };

    /// <summary>Best for long chunks of bytes. Level 3 with a table of 1 MiB: 300 MB/s, 4 % shorter than <see cref="Bytes"/>; level 5 takes twice as long for 3 % more.</summary>
    internal static ZstdEffort BestOfBytes { get; } = new(3) { ChainLog = 17, HashLog = 18, MinMatch = 5 };

    /// <summary>Best for long chunks of text. Level 3 with two tables of 1 MiB: 200 MB/s, 7 % shorter than <see cref="Thorough"/>; level 5 takes half as long again for 1 to 2 % more.</summary>
    internal static ZstdEffort BestOfTexts { get; } = new(3) { ChainLog = 18, HashLog = 18, MinMatch = 6 };

    internal int ChainLog { get; init; }

    internal int HashLog { get; init; }

    internal int SearchLog { get; init; }

    internal int MinMatch { get; init; }
}
