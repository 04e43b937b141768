using System.Globalization;
using System.Text;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Vault.Listing;

/// <summary>Runs while nothing else does: its tests look at the heap of the whole process.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

/// <summary>However many the entries, what listing them holds in memory stays the same.</summary>
[Collection(nameof(AloneCollection))]
public sealed class MillionEntriesTests : IDisposable
{
    private const int PerFolder = 1000;

    /// <summary>The tree's open pages, the cache's buffers, and what the collector has not looked at yet.</summary>
    private const long MaxGrowthBytes = 8 * 1024 * 1024;

    private readonly TempFolder _folder = new();
    private readonly SigningKey _member = SigningKey.Create();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static int Count => Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_LONG") is "1" ? 1_000_000 : 100_000;

    [Fact]
    public async Task Entries_are_listed_read_and_remembered_in_flat_memory()
    {
        using var store = new FileChunkStore(_folder["chunks"]);
        using var key = new RootKey(new byte[32]);
        var cache = new ListingCache(_folder["cache"], new VaultId(Id256.Random()), new DataSetId(Id256.Random()), _member);
        var growth = new Growth();
        ListingRoot? root;
        using (var builder = new ListingBuilder(store, key))
        using (var writer = new ListingCacheWriter(cache, default))
        {
            for (var i = 0; i < Count; i++)
            {
                var entry = Entry(i);
                var encoded = EntryCodec.Encode(entry);
                await builder.AddAsync(entry.Path, encoded, Token);
                var identity = new EntryIdentity(default(Timestamp), (ulong)i + 1, 1, 1);
                writer.Add(CachedEntry.Of(entry, encoded, identity), identity);
                growth.Look(i);
            }

            root = await builder.FinishAsync(Token);
            writer.Commit();
            Assert.Null(writer.Failure);
        }

        using var reader = cache.TryOpen();
        var read = 0;
        await foreach (var entry in new ListingReader(root, store).EntriesAsync(Token))
        {
            var expected = PathOf(read);
            Assert.Equal(expected, entry.Path);
            Assert.Equal(expected, reader!.Next()!.Entry.Path);
            growth.Look(read++);
        }

        Assert.Equal(Count, read);
        Assert.Null(reader!.Next());
        Assert.True(growth.MostBytes < MaxGrowthBytes, $"The heap grew by {growth.MostBytes >> 10} KiB.");
    }

    public void Dispose()
    {
        _member.Dispose();
        _folder.Dispose();
    }

    private static EntryPath PathOf(int number) => new(
        [Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"folder-{number / PerFolder:00000}")), Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"file-{number % PerFolder:0000}.eml"))]);

    private static ListedEntry Entry(int number) => new()
    {
        Path = PathOf(number),
        Origin = NameOrigin.UnixBytes,
        Metadata = new EntryMetadata { Kind = EntryKind.File, SizeBytes = number, ModifiedAt = new Timestamp(1_700_000_000 + number, 5), Mode = 0x1A4, UserId = 0, GroupId = 0, UserName = "root", GroupName = "root" },
        Content = new ContentRef(0, [new ChunkId(new Id256((ulong)number, 1, 2, 3))]),
    };

    /// <summary>The managed heap against where it stood first; looked at now and then, after a collection.</summary>
    private sealed class Growth
    {
        private const int Every = 10_000;

        private readonly long _start = GC.GetTotalMemory(forceFullCollection: true);

        internal long MostBytes { get; private set; }

        internal void Look(int at)
        {
            if (at % Every == 0)
            {
                MostBytes = Math.Max(MostBytes, GC.GetTotalMemory(forceFullCollection: true) - _start);
            }
        }
    }

    /// <summary>Chunks as files, since a store in memory would be what grows.</summary>
    private sealed class FileChunkStore(string folder) : IChunkStore, IChunkFetcher, IDisposable
    {
        private readonly ChunkIdKey _ids = new(new byte[32]);
        private readonly string _folder = Directory.CreateDirectory(folder).FullName;

        public async ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken)
        {
            using (plain)
            {
                var id = _ids.IdOf(DomainId.Vault, plain.Span);
                await File.WriteAllBytesAsync(Path.Combine(_folder, id.ToString()), plain.Memory, cancellationToken);
                return id;
            }
        }

        public async ValueTask<OwnedBuffer> FetchAsync(ChunkId id, CancellationToken cancellationToken) =>
            OwnedBuffer.CopyOf(await File.ReadAllBytesAsync(Path.Combine(_folder, id.ToString()), cancellationToken));

        public void Dispose() => _ids.Dispose();
    }
}
