using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>The options of a walk, checked and made ready.</summary>
internal sealed record WalkRules
{
    public required ExcludeRules Exclude { get; init; }

    public required ExcludeRules Include { get; init; }

    public required byte[]? IgnoreFileName { get; init; }

    public required bool ExcludesCacheFolders { get; init; }

    public required bool StaysOnOneFileSystem { get; init; }

    public required IReadOnlySet<(ulong DeviceId, ulong FileId)> SkipFolders { get; init; }

    public required bool IgnoresCase { get; init; }

    public required bool DefersAttributes { get; init; }

    private long? MaxFileSizeBytes { get; init; }

    private Timestamp? ModifiedSince { get; init; }

    private Timestamp? ModifiedBefore { get; init; }

    /// <summary>Whether names must be decoded at all.</summary>
    public bool HasPatterns => !Exclude.IsEmpty || !Include.IsEmpty;

    /// <summary>Whether an exclude pattern keeps the walk out of a folder.</summary>
    /// <param name="relative">Its path below a root, components separated by slashes.</param>
    public bool ExcludesFolder(string relative)
    {
        var components = relative.Split('/').Select(name => PatternText.Decode(Encoding.UTF8.GetBytes(name), IgnoresCase)).ToArray();
        return Enumerable.Range(1, components.Length).Any(depth => Exclude.Match(components.AsSpan(0, depth), isFolder: true) == true);
    }

    public static WalkRules Create(FileSystemSourceOptions options, FileSystemReader reader)
    {
        if (options.MaxFileSizeBytes < 0)
        {
            throw new RequestException(FaultCodes.SourceLimitInvalid, "The greatest size of a file is negative.");
        }

        if (options.ModifiedSince >= options.ModifiedBefore)
        {
            throw new RequestException(FaultCodes.SourceLimitInvalid, "No file can be modified both since and before these times.");
        }

        return new WalkRules
        {
            Exclude = ExcludeRules.Parse(options.Exclude, reader.IgnoresCase),
            Include = ExcludeRules.Parse(options.Include, reader.IgnoresCase),
            IgnoreFileName = options.IgnoreFileName is null ? null : Encoding.UTF8.GetBytes(options.IgnoreFileName),
            ExcludesCacheFolders = options.ExcludesCacheFolders,
            StaysOnOneFileSystem = options.StaysOnOneFileSystem,
            SkipFolders = options.SkipFolders.Concat(options.LeaveOutFolders).Select(reader.Identify).OfType<(ulong DeviceId, ulong FileId, string)>()
                .Select(folder => (folder.DeviceId, folder.FileId)).ToHashSet(),
            IgnoresCase = reader.IgnoresCase,
            DefersAttributes = options.DefersAttributes,
            MaxFileSizeBytes = options.MaxFileSizeBytes,
            ModifiedSince = options.ModifiedSince is { } since ? Timestamp.From(since) : null,
            ModifiedBefore = options.ModifiedBefore is { } before ? Timestamp.From(before) : null,
        };
    }

    public bool IsWithinLimits(in EntryStat stat) => stat.Kind != EntryKind.File
        || (stat.SizeBytes <= (MaxFileSizeBytes ?? long.MaxValue)
            && (ModifiedSince is not { } since || stat.ModifiedAt >= since)
            && (ModifiedBefore is not { } before || stat.ModifiedAt < before));
}
