using System.Globalization;

namespace SecureBackup.Bench;

/// <summary>What the command line asks for.</summary>
internal sealed record BenchOptions
{
    private const string Usage = "Usage: [--size 512MB] [--subjects 1000000 --snapshots 2] [--keys 10000000] [--days 3650] [--folder <where>] [--seed 1] [--keep]";

    /// <summary>Content of the data set.</summary>
    internal long SizeBytes { get; private init; } = 2L << 30;

    /// <summary>An empty or new folder for data set, vault and restore; room for three times the size.</summary>
    internal string Folder { get; private init; } = Path.Combine(Path.GetTempPath(), $"securebackup-bench-{Environment.ProcessId}");

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

    /// <exception cref="FormatException">With the usage.</exception>
    internal static BenchOptions Parse(string[] arguments)
    {
        var options = new BenchOptions();
        for (var i = 0; i < arguments.Length; i++)
        {
            var value = i + 1 < arguments.Length ? arguments[i + 1] : null;
            switch (arguments[i])
            {
                case "--keep":
                    options = options with { KeepsFolder = true };
                    continue;
                case "--size" when value is not null:
                    options = options with { SizeBytes = ParseSize(value) };
                    break;
                case "--folder" when value is not null:
                    options = options with { Folder = Path.GetFullPath(value) };
                    break;
                case "--subjects" when int.TryParse(value, CultureInfo.InvariantCulture, out var subjects) && subjects > 0:
                    options = options with { Subjects = subjects };
                    break;
                case "--keys" when int.TryParse(value, CultureInfo.InvariantCulture, out var keys) && keys > 0:
                    options = options with { Keys = keys };
                    break;
                case "--days" when int.TryParse(value, CultureInfo.InvariantCulture, out var days) && days > 1:
                    options = options with { Days = days };
                    break;
                case "--snapshots" when int.TryParse(value, CultureInfo.InvariantCulture, out var snapshots) && snapshots > 0:
                    options = options with { Snapshots = snapshots };
                    break;
                case "--seed" when int.TryParse(value, CultureInfo.InvariantCulture, out var seed):
                    options = options with { Seed = seed };
                    break;
                default:
                    throw new FormatException(Usage);
            }

            i++;
        }

        return options;
    }

    private static long ParseSize(string text)
    {
        var units = new (string Suffix, int Shift)[] { ("KB", 10), ("MB", 20), ("GB", 30) };
        foreach (var (suffix, shift) in units)
        {
            if (text.EndsWith(suffix, StringComparison.OrdinalIgnoreCase) && long.TryParse(text[..^2], CultureInfo.InvariantCulture, out var count) && count > 0)
            {
                return count << shift;
            }
        }

        throw new FormatException(Usage);
    }
}
