using System.IO.Hashing;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>Who holds a writer's key and keeps to nothing but the cryptography: chunks, index, listing and manifest say whatever the test wants.</summary>
internal sealed class HostileWriter(UnlockedVault vault) : IChunkStore, IDisposable
{
    private readonly CompressorCatalog _compressors = new();
    private PackBuilder? _pack;
    private readonly List<PackEntry> _entries = [];
    private readonly HashSet<ChunkId> _stored = [];

    internal UnlockedVault Vault => vault;

    private PackBuilder Pack => _pack ??= new PackBuilder(SegmentSealings.PacksOf(vault));

    /// <summary>Entries as the index will have them; to be falsified.</summary>
    internal List<PackEntry> Entries => _entries;

    internal ChunkId Add(ReadOnlySpan<byte> plain)
    {
        var id = vault.Keys.ChunkId.IdOf(DomainId.Vault, plain);
        if (_stored.Add(id))
        {
            AddAs(id, plain);
        }

        return id;
    }

    /// <summary>A frame that claims to be another chunk than it holds.</summary>
    internal void AddAs(ChunkId id, ReadOnlySpan<byte> plain)
    {
        var frame = new ChunkFrame { Chunk = id, PlainBytes = plain.Length, Compression = CompressionId.Stored, Payload = plain, Checksum = XxHash3.HashToUInt64(plain) };
        Assert.True(Pack.TryAdd(frame, out var place));
        _entries.Add(new PackEntry(id, place.Frame, place.OffsetBytes, place.FrameBytes, plain.Length, CompressionId.Stored, ChunkSealing.Direct));
    }

    /// <summary>A chunk of zeros that is as long as it says, and stored in a few bytes.</summary>
    internal ChunkId AddBomb(int plainBytes)
    {
        var plain = new byte[plainBytes];
        var compressed = new byte[plainBytes];
        Assert.True(_compressors.Get(CompressionId.Zstd).TryCompress(plain, compressed, out var written));
        var id = vault.Keys.ChunkId.IdOf(DomainId.Vault, plain);
        var payload = compressed.AsSpan(0, written);
        var frame = new ChunkFrame { Chunk = id, PlainBytes = plainBytes, Compression = CompressionId.Zstd, Payload = payload, Checksum = XxHash3.HashToUInt64(payload) };
        Assert.True(Pack.TryAdd(frame, out var place));
        _entries.Add(new PackEntry(id, place.Frame, place.OffsetBytes, place.FrameBytes, plainBytes, CompressionId.Zstd, ChunkSealing.Direct));
        return id;
    }

    public ValueTask<ChunkId> StoreAsync(OwnedBuffer plain, ChunkClass chunkClass, CancellationToken cancellationToken)
    {
        using (plain)
        {
            return ValueTask.FromResult(Add(plain.Span));
        }
    }

    /// <summary>A page of these entries in this order, whatever the order.</summary>
    internal ListingRoot AddPage(params ListedEntry[] entries)
    {
        using var page = PageCodec.EncodePage(0, entries.Length, entries.SelectMany(static entry => EntryCodec.Encode(entry)).ToArray());
        return new ListingRoot(0, Add(page.Span));
    }

    /// <summary>Stores the pack, and a segment that says of it what <see cref="Entries"/> says.</summary>
    internal async Task<PackRecord> StorePackAsync(Func<PackRecord, PackRecord>? falsified = null, params ObjectId[] replaced)
    {
        using var pack = Pack.Finish(isFull: false);
        await vault.Store.PutAsync(pack.Record.Name, pack.Bytes.ToArray(), AttackScene.Token);
        await StoreSegmentAsync(falsified?.Invoke(pack.Record) ?? pack.Record, replaced);
        return pack.Record;
    }

    internal async Task<ObjectId> StoreSegmentAsync(PackRecord record, params ObjectId[] replaced)
    {
        var builder = new IndexSegmentBuilder();
        Assert.True(builder.TryAdd(record, _entries));
        using var bytes = new MemoryStream();
        var id = builder.Write(bytes, SegmentSealings.Of(vault) with { Replaced = replaced });
        await vault.Store.PutAsync(IndexSegmentBuilder.NameOf(id), bytes.ToArray(), AttackScene.Token);
        return id;
    }

    /// <summary>Stores everything, and a manifest over it.</summary>
    internal async Task<Snapshot> CommitAsync(ListingRoot? root, string dataSet = "shop", Func<SnapshotSummary, SnapshotSummary>? change = null)
    {
        var pack = await StorePackAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, AttackScene.Token);
        var pages = await ReferenceSet.WriteAsync(vault, [pack.Id], AttackScene.Token);
        var summary = SummaryOf(vault, dataSet) with { ReferencePages = pages, PackCount = 1 };
        var owner = new OwnerPart(root, ContentRef.Empty, [new SnapshotRoot("r"u8.ToArray(), "/r", "linux")], [], null);
        return await new ManifestWriter(vault, catalog).CommitAsync(change?.Invoke(summary) ?? summary, owner, Id256.Random(), AttackScene.Token);
    }

    internal static SnapshotSummary SummaryOf(UnlockedVault vault, string dataSet) => new()
    {
        DataSetId = vault.Keys.DataSetIdOf(dataSet),
        DataSet = dataSet,
        StartedAt = vault.Now,
        EndedAt = vault.Now,
        HostName = "evil",
        ReferencePages = [],
        PackCount = 0,
    };

    public void Dispose()
    {
        _pack?.Dispose();
        _compressors.Dispose();
    }
}
