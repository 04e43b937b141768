using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Destinations.Linux;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>
/// The file system of Linux with its flushes counted, and if asked with names that fold: what a folder lists is found under every spelling of case and of composed letters, and
/// keeps the spelling that it was first given.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed class WatchedSystem(string path, DestinationOptions options, bool folds = false) : DestinationSystem
{
    private readonly LinuxDestinationSystem _inner = new(path, options);

    /// <summary>How often one file system was flushed.</summary>
    public int Flushed { get; private set; }

    /// <summary>How many pages of a file the disk was asked to begin with, each time.</summary>
    public List<int> BegunPages { get; } = [];

    /// <summary>Whether a flush ever ran on a thread of the pool, which it would keep from others until the disk has done.</summary>
    public bool HasHeldPoolThread { get; private set; }

    /// <summary>How often all of them were.</summary>
    public int FlushedAll { get; private set; }

    /// <summary>The next flush fails, as a system says it: once.</summary>
    public bool FailsOnce { get; set; }

    /// <summary>Called when something has just got its name, on the thread that gave it; where names fold.</summary>
    public Action? OnMoved { get; set; }

    /// <summary>The mode that each file was made with; where names fold.</summary>
    public List<uint?> MadeModes { get; } = [];

    /// <summary>A disk on which the first byte of every write turns.</summary>
    public bool TurnsBytes { get; init; }

    public override NameHost Names => _inner.Names;

    public static FileSystemDestination Destination(string path, DestinationOptions options, bool folds = false) =>
        new(path, new WatchedSystem(path, options, folds), options);

    public override bool CanMake(EntryKind kind) => _inner.CanMake(kind);

    public override DestinationFolder OpenFolder(IReadOnlyList<byte[]> components)
    {
        if (!folds)
        {
            return _inner.OpenFolder(components);
        }

        var way = new List<byte[]>();
        foreach (var component in components)
        {
            way.Add(Spelled(Folder(way), component));
        }

        return new FoldingFolder(_inner.OpenFolder(way), Folder(way), MadeModes.Add, () => OnMoved?.Invoke());
    }

    public override void CheckWritable() => _inner.CheckWritable();

    public override void Write(SafeFileHandle file, long offset, ReadOnlySpan<byte> bytes) =>
        _inner.Write(file, offset, TurnsBytes ? [(byte)(bytes[0] ^ 1), .. bytes[1..]] : bytes);

    public override void BeginSync(SafeFileHandle file, long offset, int lengthBytes, bool isEnd)
    {
        BegunPages.Add((lengthBytes + (isEnd ? 4095 : 0)) / 4096);
        _inner.BeginSync(file, offset, lengthBytes, isEnd);
    }

    public override void DropBehind(SafeFileHandle file, long offset, long lengthBytes) => _inner.DropBehind(file, offset, lengthBytes);

    public override void EndDropBehind() => _inner.EndDropBehind();

    public override void Sync(SafeFileHandle handle)
    {
        HasHeldPoolThread |= Thread.CurrentThread.IsThreadPoolThread;
        Flushed++;
        if (FailsOnce)
        {
            FailsOnce = false;
            throw new FolderException(FolderError.DeviceFailed, "The disk is gone.");
        }

        _inner.Sync(handle);
    }

    public override void SyncAll()
    {
        FlushedAll++;
        _inner.SyncAll();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }
    }

    private string Folder(IEnumerable<byte[]> way) => Path.Combine([path, .. way.Select(Encoding.UTF8.GetString)]);

    /// <summary>The name as the folder lists it, or as it is asked for where nothing like it is listed.</summary>
    private static byte[] Spelled(string folder, byte[] name)
    {
        var wanted = Encoding.UTF8.GetString(name);
        var listed = Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).ToList() : [];
        return listed.Contains(wanted) ? name : Encoding.UTF8.GetBytes(listed.Find(other => string.Equals(Fold(other!), Fold(wanted), StringComparison.Ordinal)) ?? wanted);
    }

    private static string Fold(string name) => name.Normalize(NormalizationForm.FormC).ToUpperInvariant();

    private sealed class FoldingFolder(DestinationFolder inner, string path, Action<uint?> made, Action moved) : DestinationFolder
    {
        private static readonly Lock Moving = new();

        public override ExistingEntry? Look(byte[] name) => inner.Look(Spelled(name));

        public override bool Lists(byte[] name) => inner.Lists(name);

        public override SafeFileHandle OpenToRead(byte[] name) => inner.OpenToRead(Spelled(name));

        public override ExistingEntry LookAt(byte[] name, SafeFileHandle file) => inner.LookAt(Spelled(name), file);

        public override bool HasMetadata(byte[] name, DestinationEntry entry) => inner.HasMetadata(Spelled(name), entry);

        public override void MakeFolder(byte[] name) => inner.MakeFolder(Spelled(name));

        public override void MakeEnterable(byte[] name) => inner.MakeEnterable(Spelled(name));

        public override SafeFileHandle MakeFile(byte[] name, long sizeBytes, bool isSparse, uint? mode = null)
        {
            made(mode);
            return inner.MakeFile(Spelled(name), sizeBytes, isSparse, mode);
        }

        public override SafeFileHandle ReopenFile(byte[] name) => inner.ReopenFile(Spelled(name));

        public override void MakeSpecial(byte[] name, DestinationEntry entry) => inner.MakeSpecial(Spelled(name), entry);

        public override void MakeHardLink(byte[] name, DestinationFolder targetFolder, byte[] targetName)
        {
            var target = (FoldingFolder)targetFolder;
            inner.MakeHardLink(Spelled(name), target.Inner, target.Spelled(targetName));
        }

        public override void Move(byte[] from, byte[] to, bool replace)
        {
            // One step, as it is in a file system: two spellings of one name do not both find it free.
            lock (Moving)
            {
                inner.Move(Spelled(from), Spelled(to), replace);
            }

            moved();
        }

        public override void Remove(byte[] name) => inner.Remove(Spelled(name));

        public override AppliedMetadata ApplyMetadata(byte[] name, SafeFileHandle? file, DestinationEntry entry) => inner.ApplyMetadata(Spelled(name), file, entry);

        public override SafeFileHandle? TryOpenToFlush(byte[]? name) => inner.TryOpenToFlush(name is null ? null : Spelled(name));

        public override void RemoveFolder(byte[] name) => inner.RemoveFolder(Spelled(name));

        public override bool TryReadStream(byte[] name, AlternateStream stream, long offset, Span<byte> bytes) => inner.TryReadStream(Spelled(name), stream, offset, bytes);

        public override bool TryWriteStream(byte[] name, AlternateStream stream, long offset, ReadOnlySpan<byte> bytes) => inner.TryWriteStream(Spelled(name), stream, offset, bytes);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }
        }

        private DestinationFolder Inner => inner;

        private byte[] Spelled(byte[] name) => WatchedSystem.Spelled(path, name);
    }
}
