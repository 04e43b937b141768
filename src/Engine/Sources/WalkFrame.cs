using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>A folder that the walk is in.</summary>
internal sealed class WalkFrame(FolderNode folder, EntryPath path, bool isIncluded)
{
    public FolderNode Folder { get; } = folder;

    public EntryPath Path { get; } = path;

    /// <summary>What an include pattern said of this folder or of one above it.</summary>
    public bool IsIncluded { get; } = isIncluded;

    public NameList Names { get; set; } = new();

    public int Next { get; set; }

    /// <summary>What was asked about the next names; null before anything was.</summary>
    public EarlyNames? Early { get; set; }

    /// <summary>The folder's ignore file.</summary>
    public ExcludeRules? Rules { get; set; }

    /// <summary>The folder's own item, held back until something in it is taken.</summary>
    public SourceItem? Pending { get; set; }
}
