using System.Collections.Concurrent;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

/// <summary>The system's own reader, under somebody's eyes, who may hold a call up or have it fail.</summary>
internal sealed class WatchedReader : FileSystemReader
{
    private readonly FileSystemReader _inner = Create(ChangeTimeTrust.ByFileSystem);

    /// <summary>Every look and listing, by real path: <c>look …</c>, <c>list …</c>.</summary>
    public ConcurrentQueue<(string Call, int Thread)> Calls { get; } = [];

    /// <summary>Before each of them.</summary>
    public Action<string> Before { get; set; } = static _ => { };

    public override NameOrigin Origin => _inner.Origin;

    public override bool IgnoresCase => _inner.IgnoresCase;

    public override bool KnowsFoldersAgain => _inner.KnowsFoldersAgain;

    public override ResolvedRoot Resolve(FileSystemRoot root) => _inner.Resolve(root);

    public override (ulong DeviceId, ulong FileId, string RealPath)? Identify(string folder) => _inner.Identify(folder);

    public override void List(FolderNode folder, NameList names)
    {
        Note($"list {folder.Display()}");
        _inner.List(folder, names);
    }

    public override EntryStat Stat(FolderNode folder, ReadOnlySpan<byte> name)
    {
        Note($"look {folder.Display(name)}");
        return _inner.Stat(folder, name);
    }

    public override EntryMetadata ReadMetadata(FolderNode folder, byte[] name, in EntryStat stat, out SourceFault? fault) => _inner.ReadMetadata(folder, name, stat, out fault);

    public override EntryMetadata? TryDescribe(in EntryStat stat) => _inner.TryDescribe(stat);

    public override SourceContent Open(FileSystemEntry entry) => _inner.Open(entry);

    public override SourceContent OpenStream(FileSystemEntry entry, AlternateStream stream) => _inner.OpenStream(entry, stream);

    public override byte[]? ReadHead(FolderNode folder, ReadOnlySpan<byte> name, int maxBytes) => _inner.ReadHead(folder, name, maxBytes);

    protected override void Dispose(bool disposing) => _inner.Dispose();

    private void Note(string call)
    {
        Calls.Enqueue((call, Environment.CurrentManagedThreadId));
        Before(call);
    }
}
