using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations.Portable;

/// <summary>
/// macOS and Windows, by paths. Each folder on the way is looked at and refused where it is a link. On Windows the folders entered
/// are held open against renaming and deletion, so that none can be exchanged meanwhile; on macOS whoever may write to the
/// destination during a restore could win that race.
/// </summary>
internal sealed class PortableDestinationSystem : DestinationSystem
{
    private readonly string _root;
    private readonly DestinationOptions _options;
    private readonly OwnerRestore _owner;

    public PortableDestinationSystem(string path, DestinationOptions options)
    {
        _root = PortableEntry.Unlimited(path);
        _options = options;
        _owner = new OwnerRestore(options);
    }

    public override NameHost Names => OperatingSystem.IsWindows() ? NameHost.Windows : NameHost.MacOS;

    public override bool CanMake(EntryKind kind) =>
        kind is EntryKind.File or EntryKind.Directory or EntryKind.SymbolicLink or EntryKind.HardLink;

    public override DestinationFolder OpenFolder(IReadOnlyList<byte[]> components)
    {
        var held = new List<SafeFileHandle>();
        try
        {
            var path = _root;
            foreach (var component in components)
            {
                path = Path.Join(path, PortableEntry.ToText(component));
                PortableEntry.Enter(path, held);
            }

            return new PortableDestinationFolder(path, held, _options, _owner);
        }
        catch (FolderException)
        {
            held.ForEach(handle => handle.Dispose());
            throw;
        }
    }

    public override void CheckWritable()
    {
        if (!File.GetAttributes(_root).HasFlag(FileAttributes.Directory))
        {
            throw new FolderException(FolderError.NotAFolder, "it is no folder");
        }
    }

    public override void Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> bytes)
    {
        try
        {
            RandomAccess.Write(file, bytes, offset);
        }
        catch (IOException failure)
        {
            throw PortableEntry.Translate(failure);
        }
    }

    public override void Sync(SafeFileHandle handle) => throw new InvalidOperationException("Nothing is opened to be flushed here.");

    /// <summary>On Windows each file is flushed when it gets its attributes: there is no call for a volume without more rights.</summary>
    public override void SyncAll()
    {
        if (OperatingSystem.IsMacOS())
        {
            MacWrite.Sync();
        }
    }

    protected override void Dispose(bool disposing)
    {
    }
}
