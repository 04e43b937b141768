using System.Globalization;
using System.Text;

namespace SecureBackup.Bench.Samples;

/// <summary>Very many small files: what the machine has of them, and records of one customer each until the number and the size are reached.</summary>
internal sealed class TreeSample(double share)
{
    private const int Files = 100_000;
    private const long Bytes = 2_200_000_000;
    private const int MaxFileBytes = 400_000;

    /// <summary>So that a tree is never all of one kind.</summary>
    private const double FoundShare = 0.75;

    private readonly Random _random = new(5);

    internal void Make(string folder)
    {
        var files = (int)(Files * share);
        var bytes = (long)(Bytes * share);
        var copy = new SampleCopy(folder, bytes);
        var found = Candidates();
        _random.Shuffle(found);
        var (count, size) = (0, 0L);
        foreach (var path in found)
        {
            if (count >= files * FoundShare || size >= bytes * FoundShare)
            {
                break;
            }

            var copied = copy.TryCopy(path);
            size += copied;
            count += copied > 0 ? 1 : 0;
        }

        MakeRecords(Path.Combine(folder, "customers"), files - count, Math.Max(bytes - size, 0));
    }

    private static string[] Candidates()
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return [.. new[] { "/usr/share", "/usr/include", "/usr/lib", "/usr/local", "/opt", Path.Combine(home, ".nuget", "packages") }
            .Where(Directory.Exists)
            .SelectMany(static folder => new DirectoryInfo(folder).EnumerateFiles("*", SampleCopy.RegularFiles))
            .Where(static file => file.Length is > 0 and < MaxFileBytes)
            .Select(static file => file.FullName)
            .Order(StringComparer.Ordinal)];
    }

    /// <summary>Sizes spread as those of real files are: most small, a few large.</summary>
    private void MakeRecords(string folder, int files, long bytes)
    {
        var text = new StringBuilder();
        var average = Math.Max(500, bytes / Math.Max(1, files));
        var words = new SampleWords(_random);
        for (var number = 0; number < files; number++)
        {
            var length = Math.Clamp(-Math.Log(1 - _random.NextDouble()) * average, 300, MaxFileBytes);
            text.Clear().Append(CultureInfo.InvariantCulture, $"{{\"customerId\":{number},\"name\":\"{words.Name()}\",\"city\":\"{words.City()}\",\"history\":[");
            while (text.Length < length)
            {
                text.Append(CultureInfo.InvariantCulture, $"{{\"at\":\"{words.Time()}\",\"channel\":\"{words.Channel()}\",\"ticket\":\"{_random.NextInt64():x16}\",\"note\":\"{words.Note(24)}\"}},");
            }

            var path = Path.Combine(folder, $"{number / 500:0000}", $"customer-{number:000000}.json");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, text.Append("]}").ToString());
        }
    }
}
