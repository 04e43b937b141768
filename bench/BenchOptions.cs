using System.Globalization;

namespace SecureBackup.Bench;

/// <summary>What is measured.</summary>
internal enum BenchPart
{
    /// <summary>Side by side, parts and scale, one after another.</summary>
    All,

    /// <summary>This module and its peers, as whole processes on the same data.</summary>
    Side,

    /// <summary>What a backup consists of, each piece alone, and what the machine can do.</summary>
    Parts,

    /// <summary>The index and the listing of very large vaults.</summary>
    Scale,
}

/// <summary>Where the repositories lie that are compared.</summary>
internal enum BenchTarget
{
    Folder,

    /// <summary>Buckets of a Ceph that is started on this machine, in memory. What ages a vault cannot reach into it, so nothing is pruned.</summary>
    S3,
}

/// <summary>What the system holds in memory of the data sets when a run begins.</summary>
internal enum BenchCaches
{
    Warm,

    /// <summary>Nothing of any file: as it is at night, when the day was spent on other things.</summary>
    Cold,
}

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions
{
    private const string Usage = """
        Usage: [--part side|parts|scale] [--folder <where>] [--keep]
          side:   [--target folder|s3] [--delay <milliseconds of a round trip to the store>] [--caches warm|cold] [--rounds 3] [--sets media,records,binaries,tree] [--operations first,unchanged,changed,inserted,restore,check,prune,start] [--tools restic,borg,ours]
                  [--media|--records|--binaries|--tree <a folder of your own>] [--percent 100] [--module <folder of the packaged module>]
          parts:  [--sets …] [--media|--records|--binaries|--tree <a folder of your own>] [--percent 100]
          scale:  [--chunks 1,10,100] [--entries 1,10] (millions)
          or one of: --size 2GB | --subjects 1000000 [--snapshots 2] | --keys 10000000 | --days 3650   [--seed 1]
        """;

    private const string OwnFolderName = "securebackup-bench";

    private static readonly string[] AllSets = ["media", "records", "binaries", "tree"];
    private static readonly string[] AllTools = ["restic", "borg", "ours"];
    private static readonly string[] AllOperations = ["first", "unchanged", "changed", "inserted", "restore", "check", "prune", "start"];

    private static readonly Dictionary<string, Func<BenchOptions, string, BenchOptions?>> Settings = new(StringComparer.Ordinal)
    {
        ["--part"] = static (options, value) => Enum.TryParse<BenchPart>(value, ignoreCase: true, out var part) ? options with { Part = part } : null,
        ["--folder"] = static (options, value) => options with { Folder = Below(Path.GetFullPath(value)), IsFolderGiven = true },
        ["--target"] = static (options, value) => Enum.TryParse<BenchTarget>(value, ignoreCase: true, out var target) ? options with { Target = target } : null,
        ["--delay"] = static (options, value) => Number(value) is { } milliseconds ? options with { Delay = TimeSpan.FromMilliseconds(milliseconds) } : null,
        ["--caches"] = static (options, value) => Enum.TryParse<BenchCaches>(value, ignoreCase: true, out var caches) ? options with { Caches = caches } : null,
        ["--rounds"] = static (options, value) => Number(value) is { } rounds ? options with { Rounds = rounds } : null,
        ["--sets"] = static (options, value) => Words(value, AllSets) is { } sets ? options with { Sets = sets } : null,
        ["--operations"] = static (options, value) => Words(value, AllOperations) is { } operations ? options with { Operations = operations } : null,
        ["--tools"] = static (options, value) => Words(value, AllTools) is { } tools ? options with { Tools = tools } : null,
        ["--media"] = static (options, value) => options.With("media", value),
        ["--records"] = static (options, value) => options.With("records", value),
        ["--binaries"] = static (options, value) => options.With("binaries", value),
        ["--tree"] = static (options, value) => options.With("tree", value),
        ["--percent"] = static (options, value) => Number(value) is { } percent and <= 100 ? options with { Percent = percent } : null,
        ["--module"] = static (options, value) => options with { Module = Path.GetFullPath(value) },
        ["--chunks"] = static (options, value) => Numbers(value) is { } millions ? options with { ChunkMillions = millions } : null,
        ["--entries"] = static (options, value) => Numbers(value) is { } millions ? options with { EntryMillions = millions } : null,
        ["--probe"] = static (options, value) => options with { Probe = value },
        ["--count"] = static (options, value) => long.TryParse(value, CultureInfo.InvariantCulture, out var count) && count > 0 ? options with { ProbeCount = count } : null,
        ["--size"] = static (options, value) => ParseSize(value) is { } size ? options with { SizeBytes = size } : null,
        ["--subjects"] = static (options, value) => Number(value) is { } subjects ? options with { Subjects = subjects } : null,
        ["--keys"] = static (options, value) => Number(value) is { } keys ? options with { Keys = keys } : null,
        ["--days"] = static (options, value) => Number(value) is { } days and > 1 ? options with { Days = days } : null,
        ["--snapshots"] = static (options, value) => Number(value) is { } snapshots ? options with { Snapshots = snapshots } : null,
        ["--seed"] = static (options, value) => int.TryParse(value, CultureInfo.InvariantCulture, out var seed) ? options with { Seed = seed } : null,
    };

    internal BenchPart Part { get; private init; }

    internal BenchTarget Target { get; private init; }

    /// <summary>A round trip to the store; zero for as fast as this machine answers.</summary>
    internal TimeSpan Delay { get; private init; }

    internal BenchCaches Caches { get; private init; }

    /// <summary>
    /// For data sets, which are used again by the next run, and everything that is made of them. Always a folder of this program's own: what is in it may be deleted.
    /// </summary>
    internal string Folder { get; private init; } = Below(Path.GetTempPath());

    internal bool IsFolderGiven { get; private init; }

    internal int Rounds { get; private init; } = 3;

    internal IReadOnlyList<string> Sets { get; private init; } = AllSets;

    internal IReadOnlyList<string> Operations { get; private init; } = AllOperations;

    internal IReadOnlyList<string> Tools { get; private init; } = AllTools;

    /// <summary>Folders of the user's own, by data set; copied, and never changed.</summary>
    internal IReadOnlyDictionary<string, string> OwnFolders { get; private init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Of the size that a made data set has by default.</summary>
    internal int Percent { get; private init; } = 100;

    /// <summary>The folder that holds the module's manifest; null for the one that the build packaged.</summary>
    internal string? Module { get; private init; }

    internal IReadOnlyList<int> ChunkMillions { get; private init; } = [1, 10, 100];

    internal IReadOnlyList<int> EntryMillions { get; private init; } = [1, 10];

    /// <summary>One measurement of the third part, which starts this program once more for each; null for none.</summary>
    internal string? Probe { get; private init; }

    internal long ProbeCount { get; private init; }

    /// <summary>Content of the mixed data set that is run through the engine in this process; 0 for none.</summary>
    internal long SizeBytes { get; private init; }

    internal int Seed { get; private init; } = 1;

    /// <summary>Customers whose records are backed up instead of files; 0 for files.</summary>
    internal int Subjects { get; private init; }

    /// <summary>Backups of them, each with one customer's record changed.</summary>
    internal int Snapshots { get; private init; } = 2;

    /// <summary>Customers of whom only the keys are made and erased; 0 for none.</summary>
    internal int Keys { get; private init; }

    /// <summary>Daily snapshots from which one file is brought back; 0 for none.</summary>
    internal int Days { get; private init; }

    internal bool KeepsFolder { get; private init; }

    /// <summary>For a mode that makes everything anew and leaves nothing.</summary>
    internal BenchOptions WithFreshFolder() => this with { Folder = Path.Combine(Folder, $"run-{Environment.ProcessId}") };

    /// <exception cref="FormatException">With the usage.</exception>
    internal static BenchOptions Parse(string[] arguments)
    {
        var options = new BenchOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            if (string.Equals(arguments[i], "--keep", StringComparison.Ordinal))
            {
                options = options with { KeepsFolder = true };
                continue;
            }

            if (!Settings.TryGetValue(arguments[i], out var set) || ++i == arguments.Length || set(options, arguments[i]) is not { } next)
            {
                throw new FormatException(Usage);
            }

            options = next;
        }

        if (options.Delay > TimeSpan.Zero && options.Target is not BenchTarget.S3)
        {
            throw new FormatException("--delay is the way to a store: give --target s3 with it.");
        }

        if (options.Caches is BenchCaches.Cold && !(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess))
        {
            throw new FormatException("--caches cold empties the page cache, which takes Linux and root.");
        }

        var folder = Path.TrimEndingDirectorySeparator(options.Folder) + Path.DirectorySeparatorChar;
        return options.OwnFolders.Values.FirstOrDefault(own => (own + Path.DirectorySeparatorChar).StartsWith(folder, StringComparison.Ordinal)) is { } inside
            ? throw new FormatException($"{inside} lies in {options.Folder}, where this program deletes.")
            : options;
    }

    /// <summary>A child of this program is given the folder that its parent has.</summary>
    private static string Below(string folder) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(folder)) is OwnFolderName ? folder : Path.Combine(folder, OwnFolderName);

    private BenchOptions? With(string set, string folder) =>
        Directory.Exists(folder) ? this with { OwnFolders = new Dictionary<string, string>(OwnFolders, StringComparer.Ordinal) { [set] = Path.GetFullPath(folder) } } : null;

    private static int? Number(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : null;

    private static List<int>? Numbers(string text)
    {
        var numbers = text.Split(',').Select(Number).ToList();
        return numbers.Contains(null) ? null : [.. numbers.Select(static number => number!.Value)];
    }

    private static string[]? Words(string text, string[] known)
    {
        var words = text.Split(',');
        return words.All(word => known.Contains(word, StringComparer.Ordinal)) ? words : null;
    }

    private static long? ParseSize(string text)
    {
        var units = new (string Suffix, int Shift)[] { ("KB", 10), ("MB", 20), ("GB", 30) };
        foreach (var (suffix, shift) in units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) && Number(text[..^2]) is { } count)
            {
                return (long)count << shift;
            }
        }

        return null;
    }
}
