using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>A folder of files in memory, by name; a file that is set anew has a new time.</summary>
internal sealed class MemorySource(SortedDictionary<string, (byte[] Bytes, long Version)> files) : ISource
{
    private static readonly EntryPath Folder = EntryPath.Root.Append("source"u8);

    public bool CanRepeat => true;

    /// <summary>Called when the walk has yielded its last entry.</summary>
    internal Action? OnWalked { get; init; }

    /// <summary>A file that somebody writes each time that it is read.</summary>
    internal string? Restless { get; init; }

    public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken)
    {
        yield return new SourceItem(new MemoryEntry(Folder, new EntryMetadata { Kind = EntryKind.Directory, Mode = 0x1ED }, []), null);
        foreach (var (name, file) in files.ToList())
        {
            var metadata = new EntryMetadata { Kind = EntryKind.File, SizeBytes = file.Bytes.Length, ModifiedAt = new Timestamp(1_000_000 + file.Version, 0), Mode = 0x1A4 };
            yield return new SourceItem(new MemoryEntry(Folder.Append(Encoding.UTF8.GetBytes(name)), metadata, file.Bytes) { IsRestless = string.Equals(name, Restless, StringComparison.Ordinal) }, null);
        }

        OnWalked?.Invoke();
    }

    private sealed class MemoryEntry : SourceEntry
    {
        private readonly byte[] _bytes;

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        internal MemoryEntry(EntryPath path, EntryMetadata metadata, byte[] bytes)
        {
            _bytes = bytes;
            Path = path;
            Origin = NameOrigin.UnixBytes;
            Metadata = metadata;
            Identity = new EntryIdentity(metadata.ModifiedAt, (ulong)path.ToString().Length + 1, 1, 1);
            StatedAt = new Timestamp(2_000_000, 0);
            TimeGranularity = TimeSpan.FromSeconds(1);
        }

        internal bool IsRestless { get; init; }

        public override SourceContent Open() => new MemoryContent(Metadata, Identity, _bytes, IsRestless);

        public override SourceContent OpenStream(AlternateStream stream) => throw new NotSupportedException();
    }

    private sealed class MemoryContent(EntryMetadata metadata, EntryIdentity identity, byte[] bytes, bool isRestless) : SourceContent
    {
        private int _at;

        public override EntryMetadata Metadata => metadata;

        public override EntryIdentity Identity => identity;

        public override int Read(Span<byte> destination)
        {
            var count = Math.Min(destination.Length, bytes.Length - _at);
            bytes.AsSpan(_at, count).CopyTo(destination);
            _at += count;
            return count;
        }

        public override bool IsUnchanged() => !isRestless;

        protected override void Dispose(bool disposing)
        {
        }
    }
}
