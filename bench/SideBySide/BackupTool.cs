namespace SecureBackup.Bench.SideBySide;

/// <summary>One repository of a tool, with the caches that go with it.</summary>
/// <param name="bucket">Where the repository lies; null for the folder.</param>
internal sealed class ToolPlace(string folder, StoreBucket? bucket = null)
{
    private int _archives;

    internal StoreBucket? Bucket { get; } = bucket;

    internal string Folder { get; } = Directory.CreateDirectory(folder).FullName;

    internal string Repository => Path.Combine(Folder, "repository");

    internal string Cache => Path.Combine(Folder, "cache");

    internal string KeyFile => Path.Combine(Folder, "owner.key");

    /// <summary>The newest archive, for a tool that wants them named.</summary>
    internal string Archive => $"archive-{_archives}";

    internal string NextArchive()
    {
        _archives++;
        return Archive;
    }

    /// <summary>As its files or objects say, whatever the disk makes of them.</summary>
    internal async Task<long> SumBytesAsync() =>
        Bucket is null ? new DirectoryInfo(Repository).EnumerateFiles("*", SearchOption.AllDirectories).Sum(static file => file.Length) : await Bucket.SumBytesAsync();
}

/// <summary>One step of an operation: a command that is measured, or something beside it that is not.</summary>
internal sealed record ToolStep(ToolCommand? Command, Action? Unmeasured = null);

/// <summary>How a backup program is told to do each thing that is measured.</summary>
internal abstract class BackupTool
{
    /// <summary>Snapshots that a pruning leaves.</summary>
    protected const int KeptSnapshots = 3;

    internal abstract string Name { get; }

    internal virtual bool ReachesBuckets => false;

    /// <summary>Null where it is not installed.</summary>
    internal abstract string? FindVersion();

    internal abstract IReadOnlyDictionary<string, string> EnvironmentOf(ToolPlace place);

    internal abstract ToolCommand Create(ToolPlace place);

    internal abstract ToolCommand BackUp(ToolPlace place, string folder);

    internal abstract ToolCommand Restore(ToolPlace place, string folder, string destination);

    internal abstract ToolCommand Check(ToolPlace place);

    /// <summary>Leaves the newest few snapshots and gives back the space.</summary>
    internal abstract IReadOnlyList<ToolStep> Prune(ToolPlace place);

    protected static string? FirstLineOf(string program, params string[] arguments)
    {
        try
        {
            MeasuredProcess.Run(new ToolCommand(program, arguments), new Dictionary<string, string>(StringComparer.Ordinal), out var said);
            return said.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }
}
