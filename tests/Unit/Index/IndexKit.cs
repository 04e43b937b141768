using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Unit.Packing;

namespace SecureBackup.Tests.Unit.Index;

/// <summary>A vault's index on a target in memory, with as many members as a test wants.</summary>
internal sealed class IndexKit : IDisposable
{
    public IndexKit() => Access = new IndexAccess(Packs.Vault, Packs.Members, epoch => epoch == 1 ? Packs.IndexKey : null);

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public PackKit Packs { get; } = new();

    public MemoryTarget Target { get; } = new();

    public PageCache Cache { get; set; } = new();

    public IndexAccess Access { get; }

    public SigningKey Writer => Packs.Writer;

    public SegmentSealing Sealing(SigningKey? signer = null, params ObjectId[] replaced) => new()
    {
        Vault = Packs.Vault,
        Epoch = 1,
        IndexKey = Packs.IndexKey,
        Signer = signer ?? Writer,
        RegisterNumber = 3,
        RegisterHash = ContentHash.Of([3]),
        Time = new Timestamp(1_700_000_000, 5),
        Replaced = replaced,
    };

    public DeduplicationTrust Trust(SigningKey? self = null) => new((self ?? Writer).Id, Packs.Members);

    public async Task<ObjectId> StoreAsync(IndexSegmentBuilder builder, SegmentSealing? sealing = null)
    {
        using var bytes = new MemoryStream();
        var id = builder.Write(bytes, sealing ?? Sealing());
        await Target.PutAsync(IndexSegmentBuilder.NameOf(id), bytes, PutOptions.Default, Token);
        return id;
    }

    public Task<ObjectId> StoreAsync(SegmentSealing sealing, params (PackRecord Pack, PackEntry[] Entries)[] packs)
    {
        var builder = new IndexSegmentBuilder();
        foreach (var (pack, entries) in packs)
        {
            Assert.True(builder.TryAdd(pack, entries));
        }

        return StoreAsync(builder, sealing);
    }

    public async Task<IndexSegment> OpenAsync(ObjectId id)
    {
        var stat = await Target.StatAsync(IndexSegmentBuilder.NameOf(id), Token);
        return await IndexSegment.OpenAsync(Target, stat!, Access, Cache, Token);
    }

    public async Task<ChunkIndex> LoadAsync(DeduplicationTrust? trust = null) =>
        new(await SegmentCatalog.LoadAsync(Target, Access, Cache, Token), trust ?? Trust());

    public async Task StorePackAsync(FinishedPack pack)
    {
        using var bytes = new MemoryStream(pack.Bytes.ToArray());
        await Target.PutAsync(pack.Record.Name, bytes, PutOptions.Default, Token);
    }

    /// <summary>A record and entries as a real pack's, without the pack.</summary>
    public (PackRecord Pack, PackEntry[] Entries) Imagine(int chunks, SigningKey? writer = null, IReadOnlyList<ChunkId>? ids = null)
    {
        var entries = new PackEntry[chunks];
        for (var i = 0; i < chunks; i++)
        {
            entries[i] = new PackEntry(
                ids?[i] ?? new ChunkId(Id256.Random()), i, PackLayout.PrologueBytes + (i * 116), 116, 100, CompressionId.Stored, ChunkSealing.Direct);
        }

        var pack = new PackRecord(
            new PackId(Id256.Random()), new ContentHash(Id256.Random()), (writer ?? Writer).Id, PackSize.DefaultBytes, chunks);
        return (pack, entries);
    }

    public void Dispose() => Packs.Dispose();
}
