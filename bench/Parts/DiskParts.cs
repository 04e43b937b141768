using BenchmarkDotNet.Attributes;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Bench.Parts;

/// <summary>The front door alone, on one thread, the page cache warm: a data set walked, and all its files read.</summary>
[MemoryDiagnoser]
public class DiskParts
{
    private readonly byte[] _room = new byte[4 << 20];

    public static IReadOnlyList<string> Sets { get; set; } = [];

    /// <summary>By the set's name.</summary>
    public static IReadOnlyDictionary<string, string> Folders { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Files { get; set; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);

    [ParamsSource(nameof(Sets))]
    public string Set { get; set; } = string.Empty;

    [Benchmark(Description = PartNames.Walk)]
    public int Walk()
    {
        using var source = Open();
        return source.Enumerate(CancellationToken.None).Count();
    }

    /// <summary>What an unchanged file costs at least, besides its claims.</summary>
    [Benchmark(Description = PartNames.Look)]
    public long Look()
    {
        var sum = 0L;
        foreach (var file in Files[Set])
        {
            sum += File.GetLastWriteTimeUtc(file).Ticks & 1;
        }

        return sum;
    }

    [Benchmark(Description = PartNames.Read)]
    public long Read()
    {
        using var source = Open();
        var sum = 0L;
        foreach (var item in source.Enumerate(CancellationToken.None))
        {
            if (item.Entry is { Metadata.Kind: EntryKind.File } entry)
            {
                using var content = entry.Open();
                for (var count = content.Read(_room); count > 0; count = content.Read(_room))
                {
                    sum += count;
                }
            }
        }

        return sum;
    }

    private FileSystemSource Open() => FileSystemSource.Open(new FileSystemSourceOptions { Roots = RootNames.Assign([Folders[Set]]), DefersAttributes = true }, TimeProvider.System);
}
