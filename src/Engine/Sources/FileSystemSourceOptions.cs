namespace SecureBackup.Engine.Sources;

/// <summary>One thing to back up: an absolute path and the name under which it stands in the snapshot (see <see cref="RootNames"/>).</summary>
public sealed record FileSystemRoot(string Name, string Path);

/// <summary>Whether change times and file ids may tell that a file is the same as before.</summary>
public enum ChangeTimeTrust
{
    /// <summary>As is known of the file system: not on FAT, FUSE, SMB, 9P and their like, where every file is read again.</summary>
    ByFileSystem,

    /// <summary>Everywhere: faster on such file systems, at the risk of missing a change that kept size and modification time.</summary>
    Always,

    /// <summary>Nowhere: every file is read again.</summary>
    Never,
}

/// <summary>What of the file system is a source. Rules never apply to the roots themselves: what is named is taken.</summary>
public sealed record FileSystemSourceOptions
{
    public required IReadOnlyList<FileSystemRoot> Roots { get; init; }

    /// <summary>Patterns as described at <see cref="ExcludeRules"/>, relative to each root; they beat ignore files.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>
    /// When any are given, only what matches is taken: a matching file, and everything under a matching folder. Folders that lead to
    /// something taken are kept, others are left out.
    /// </summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Name of the files that hold patterns for their folder and below; null to read none.</summary>
    public string? IgnoreFileName { get; init; } = ".backupignore";

    /// <summary>Of a folder with a valid <c>CACHEDIR.TAG</c> only that file is taken.</summary>
    public bool ExcludesCacheFolders { get; init; }

    /// <summary>Mount points are kept as empty folders.</summary>
    public bool StaysOnOneFileSystem { get; init; }

    /// <summary>Bigger files are left out.</summary>
    public long? MaxFileSizeBytes { get; init; }

    /// <summary>Files modified before are left out.</summary>
    public DateTimeOffset? ModifiedSince { get; init; }

    /// <summary>Files modified at or after are left out.</summary>
    public DateTimeOffset? ModifiedBefore { get; init; }

    /// <summary>Extended attributes of files and folders are not read on the walk but by who needs them: see <see cref="SourceEntry.LacksAttributes"/>.</summary>
    public bool DefersAttributes { get; init; }

    public ChangeTimeTrust ChangeTimeTrust { get; init; }

    /// <summary>
    /// From so long an answer on, on the average, the walk has names and folders looked at before it comes to them. From memory one takes 2 µs on Linux; on Windows, where it is
    /// several calls, that has not been measured.
    /// </summary>
    public TimeSpan SlowAnswer { get; init; } = TimeSpan.FromMicroseconds(OperatingSystem.IsWindows() ? 100 : 10);

    /// <summary>Absolute paths of folders that are never entered, recognised by identity and not by name: the vault's own folder.</summary>
    public IReadOnlyList<string> SkipFolders { get; init; } = [];

    /// <summary>Never entered either, and a root may hold them without a word: what this host remembers about vaults, which no backup should bring back.</summary>
    public IReadOnlyList<string> LeaveOutFolders { get; init; } = [];
}
