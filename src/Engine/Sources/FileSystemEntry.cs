using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Sources;

/// <summary>An entry of the file system; it may be opened as long as its source is not disposed.</summary>
internal sealed class FileSystemEntry : SourceEntry
{
    public required FileSystemReader Reader { get; init; }

    public required FolderNode Folder { get; init; }

    /// <summary>Differs from the path's last component for a root.</summary>
    public required byte[] RealName { get; init; }

    public required EntryStat Stat { get; init; }

    public string DisplayPath => Folder.Display(RealName);

    public override EntryMetadata ReadMetadata(out SourceFault? fault)
    {
        fault = null;
        return LacksAttributes ? Reader.ReadMetadata(Folder, RealName, Stat, out fault) : Metadata;
    }

    public override SourceContent Open() => Metadata.Kind == EntryKind.File
        ? Reader.Open(this)
        : throw new InvalidOperationException($"An entry of kind {Metadata.Kind} has no content.");

    public override SourceContent OpenStream(AlternateStream stream) => Reader.OpenStream(this, stream);
}
