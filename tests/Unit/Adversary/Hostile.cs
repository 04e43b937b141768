using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>Entries of a listing that nobody's file system gave.</summary>
internal static class Hostile
{
    internal static readonly Timestamp Noon = new(1_700_000_000, 0);

    internal static ListedEntry Folder(string path) => Entry(Of(path), new EntryMetadata { Kind = EntryKind.Directory, ModifiedAt = Noon, Mode = 0x1ED });

    internal static ListedEntry File(string path, long sizeBytes, params ChunkId[] ids) => File(Of(path), sizeBytes, new ContentRef(0, ids));

    internal static ListedEntry File(EntryPath path, long sizeBytes, ContentRef content) =>
        Entry(path, new EntryMetadata { Kind = EntryKind.File, SizeBytes = sizeBytes, ModifiedAt = Noon, Mode = 0x1A4 }) with { Content = content };

    internal static ListedEntry Symlink(string path, string to) =>
        Entry(Of(path), new EntryMetadata { Kind = EntryKind.SymbolicLink, ModifiedAt = Noon, LinkTarget = Encoding.UTF8.GetBytes(to) });

    internal static ListedEntry HardLink(string path, EntryPath first) =>
        Entry(Of(path), new EntryMetadata { Kind = EntryKind.HardLink, ModifiedAt = Noon, HardLinkTarget = first });

    internal static EntryPath Of(string path) => Of(path.Split('/'));

    internal static EntryPath Of(params string[] components) => new([.. components.Select(Encoding.UTF8.GetBytes)]);

    private static ListedEntry Entry(EntryPath path, EntryMetadata metadata) => new() { Path = path, Metadata = metadata };
}
