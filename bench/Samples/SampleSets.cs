using System.Globalization;
using System.Security.Cryptography;

namespace SecureBackup.Bench.Samples;

/// <summary>
/// Makes the data sets, or copies a folder of the user's own, once: what is complete is used again. The user's folder is only read. Everything is regular files, so that no tool
/// has to do more than another.
/// </summary>
internal sealed class SampleSets(BenchOptions options)
{
    private const long MediaBytes = 1_500_000_000;
    private const int MediaFileBytes = 25_000_000;
    private const long BinaryBytes = 1_700_000_000;

    private readonly string _folder = Path.Combine(options.Folder, "sets");

    internal SampleSet Take(string name)
    {
        var own = options.OwnFolders.GetValueOrDefault(name);
        var folder = Path.Combine(_folder, own is null ? $"{name}{(options.Percent == 100 ? string.Empty : $"-{options.Percent}")}" : $"{name}-own");
        var description = own is null ? "made" : Describe(own);
        if (!IsComplete(folder, description))
        {
            Console.Error.WriteLine($"{(own is null ? "Making" : "Copying")} the data set {name} …");
            if (Directory.Exists(folder))
            {
                File.Delete(MarkOf(folder));
                Directory.Delete(folder, recursive: true);
            }

            Directory.CreateDirectory(folder);
            Make(name, own, folder);
            File.WriteAllText(MarkOf(folder), description);
        }

        return new SampleSet(name, folder, description);
    }

    /// <summary>Said before a set is changed; what breaks off then is made anew by the next run.</summary>
    internal static void SetIncomplete(SampleSet set) => File.Delete(MarkOf(set.Folder));

    internal static void SetComplete(SampleSet set) => File.WriteAllText(MarkOf(set.Folder), set.Description);

    private static string MarkOf(string folder) => folder + ".complete";

    private static bool IsComplete(string folder, string description) =>
        Directory.Exists(folder) && File.Exists(MarkOf(folder)) && string.Equals(File.ReadAllText(MarkOf(folder)), description, StringComparison.Ordinal);

    private static string Describe(string own)
    {
        var files = new DirectoryInfo(own).EnumerateFiles("*", SampleCopy.RegularFiles).ToList();
        return string.Create(CultureInfo.InvariantCulture, $"{own}, {files.Count} files, {files.Sum(static file => file.Length)} bytes, {files.Select(static file => file.LastWriteTimeUtc).DefaultIfEmpty().Max():O}");
    }

    private void Make(string name, string? own, string folder)
    {
        var share = options.Percent / 100.0;
        switch (name)
        {
            case var _ when own is not null:
                new SampleCopy(folder, long.MaxValue).Add(own);
                break;
            case "media":
                MakeMedia(folder, (long)(MediaBytes * share));
                break;
            case "records":
                new RecordSample(share).Make(folder);
                break;
            case "binaries":
                MakeBinaries(folder, (long)(BinaryBytes * share));
                break;
            default:
                new TreeSample(share).Make(folder);
                break;
        }
    }

    private static void MakeMedia(string folder, long bytes)
    {
        var clip = new byte[MediaFileBytes];
        for (var number = 0; (long)number * MediaFileBytes < bytes; number++)
        {
            RandomNumberGenerator.Fill(clip);
            File.WriteAllBytes(Path.Combine(folder, $"clip-{number:000}.mp4"), clip);
        }
    }

    /// <summary>The .NET SDK that runs this, and the system's libraries and programs.</summary>
    private static void MakeBinaries(string folder, long bytes)
    {
        var copy = new SampleCopy(folder, bytes);
        var dotnet = Path.GetFullPath(Path.Combine(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        foreach (var source in new[] { dotnet, $"/usr/lib/{LibraryFolder()}", "/usr/bin", "/usr/lib", "/usr/local", "/opt" })
        {
            copy.Add(source);
        }
    }

    private static string LibraryFolder() => Path.GetFileName(Directory.EnumerateDirectories("/usr/lib", "*-linux-gnu*").FirstOrDefault() ?? "x86_64-linux-gnu");
}
