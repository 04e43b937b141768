using System.Globalization;
using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Bench.Scale;

/// <summary>Entries of a believable tree in path order, never all in memory.</summary>
internal static class MadeListing
{
    private const int FilesPerFolder = 100;

    internal static IEnumerable<ListedEntry> Entries(int count)
    {
        for (var number = 0; number < count; number++)
        {
            var (folder, file) = Math.DivRem(number, FilesPerFolder);
            yield return file == 0 ? Folder(folder) : File(folder, file, number);
        }
    }

    internal static EntryPath PathOf(int number)
    {
        var (folder, file) = Math.DivRem(number, FilesPerFolder);
        return file == 0 ? FolderPath(folder) : FolderPath(folder).Append(Name($"customer-{number:D9}.json"));
    }

    private static EntryPath FolderPath(int folder) => EntryPath.Root.Append("shop"u8).Append(Name($"{folder:D7}"));

    private static ListedEntry Folder(int folder) => new()
    {
        Path = FolderPath(folder),
        Metadata = new EntryMetadata { Kind = EntryKind.Directory, ModifiedAt = new Timestamp(1_700_000_000 + folder, 0), Mode = 0x1ED, UserId = 1000, GroupId = 1000, UserName = "shop", GroupName = "shop" },
    };

    private static ListedEntry File(int folder, int file, int number) => new()
    {
        Path = PathOf(number),
        Metadata = new EntryMetadata
        {
            Kind = EntryKind.File,
            SizeBytes = 1_000 + (number % 50_000),
            ModifiedAt = new Timestamp(1_700_000_000 + folder, (uint)file * 1_000),
            Mode = 0x1A4,
            UserId = 1000,
            GroupId = 1000,
            UserName = "shop",
            GroupName = "shop",
        },
        Content = new ContentRef(0, [MadeChunks.IdOf(number)]),
    };

    private static byte[] Name(FormattableString text) => Encoding.ASCII.GetBytes(text.ToString(CultureInfo.InvariantCulture));
}

/// <summary>Gives each page an id and keeps nothing.</summary>
internal sealed class ForgetfulStore : IChunkStore
{
    private int _pages;

    public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken)
    {
        plain.Dispose();
        return ValueTask.FromResult(MadeChunks.IdOf(_pages++));
    }
}
