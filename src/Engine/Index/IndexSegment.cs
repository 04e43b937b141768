using System.Buffers;
using System.Runtime.CompilerServices;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Index;

/// <summary>
/// One opened segment: of its bytes only the footer is held; pages are read as they are asked for, through the shared <see cref="PageCache"/>.
/// Thread-safe.
/// <para>Whose packs a writer's segment names is checked page by page as pack pages are read. That is early enough: a location is given out only
/// together with its pack record, so nothing of a foreign pack ever gets out, whichever page is read first.</para>
/// <para>A revoked member's segment still says where the chunks of its older snapshots lie: wrong content is impossible, since ids are recomputed.
/// But nothing is deduplicated against it, and it replaces nothing.</para>
/// </summary>
public sealed partial class IndexSegment : IDisposable
{
    public const string Prefix = "index/";

    private readonly Target _target;
    private readonly PageCache _cache;
    private readonly ObjectHeader _header;
    private readonly SegmentFooter _footer;
    private readonly FrameOpener _opener;
    private readonly Lock _openerGate = new();

    /// <summary>Neighbours lie in one pack: its record is read once for them all, and is one object.</summary>
    private PlacedPack? _lastPack;

    private int _pagesLoaded;

    internal IndexSegment(in SegmentSource source, in ObjectHeader header, SegmentFooter footer, FrameOpener opener, MemberEntry signer)
    {
        _target = source.Target;
        _cache = source.Cache;
        Name = source.Name;
        StoredAt = source.StoredAt;
        _header = header;
        _footer = footer;
        _opener = opener;
        Signer = signer;
    }

    public ObjectName Name { get; }

    /// <summary>By the store's clock.</summary>
    public DateTimeOffset StoredAt { get; }

    public ObjectId Id => _header.Object;

    public MemberEntry Signer { get; }

    /// <summary>Whether it may name packs of any member.</summary>
    public bool IsMerged => Signer.Has(MemberRoles.Maintainer) || IsAttestation;

    /// <summary>Whether a verifier vouches for every record: it opened the packs and recomputed the ids. Then others may rely on it, whoever wrote the packs.</summary>
    public bool IsAttestation => _footer.IsAttestation;

    /// <summary>The newest register entry that the signer knew; a shorter chain here has been rolled back.</summary>
    public uint RegisterNumber => _footer.RegisterNumber;

    public ContentHash RegisterHash => _footer.RegisterHash;

    public int ChunkCount => _footer.ChunkCount;

    public int PackCount => _footer.PackCount;

    public Timestamp ClaimedTime => _footer.Time;

    internal IReadOnlyList<ObjectId> Replaced => _footer.Replaced;

    /// <summary>Adds all locations that this segment has for a chunk.</summary>
    /// <exception cref="IntegrityException">SegmentMalformed, SegmentPoisoned, FrameTampered, PackMalformed.</exception>
    internal async ValueTask FindAsync(ChunkId chunk, List<ChunkLocation> found, CancellationToken cancellationToken)
    {
        await LearnFilterAsync(cancellationToken);
        if (!MayContain(chunk))
        {
            return;
        }

        var bytes = chunk.Value.ToArray();
        for (var page = _footer.FirstPageOf(bytes); page < _footer.ChunkPages && _footer.FenceOf(page).SequenceCompareTo(bytes) <= 0; page++)
        {
            var records = await ReadPageAsync(page, cancellationToken);
            for (var i = SegmentPages.LowerBound(records, RecordsOn(page), IndexLayout.ChunkRecordBytes, bytes); i < RecordsOn(page); i++)
            {
                var record = records.AsMemory(i * IndexLayout.ChunkRecordBytes, IndexLayout.ChunkRecordBytes);
                if (!record.Span.StartsWith(bytes))
                {
                    return;
                }

                var entry = IndexLayout.ReadChunk(record.Span, out var ordinal);
                var pack = await ReadPackAsync(ordinal, cancellationToken);
                entry.Require(pack.Id, pack.LengthBytes);
                found.Add(LocationOf(pack, entry));
            }
        }
    }

    /// <summary>The first of the locations that <see cref="FindAsync"/> gives, from pages that are held; null where there is none or a page must be read to tell.</summary>
    internal ChunkLocation? FindAtHand(ChunkId chunk)
    {
        Span<byte> bytes = stackalloc byte[Id256.SizeBytes];
        chunk.Value.CopyTo(bytes);
        var page = _footer.FirstPageOf(bytes);
        if (page >= _footer.ChunkPages || !_cache.TryGet(this, page, out var records))
        {
            return null;
        }

        var at = SegmentPages.LowerBound(records, RecordsOn(page), IndexLayout.ChunkRecordBytes, bytes);
        if (at == RecordsOn(page) || records.AsSpan(at * IndexLayout.ChunkRecordBytes, IndexLayout.ChunkRecordBytes) is var record && !record.StartsWith(bytes))
        {
            return null;
        }

        var entry = IndexLayout.ReadChunk(record, out var ordinal);
        return FindPackAtHand(ordinal) is { } pack && entry.IsPossible(pack.LengthBytes) ? LocationOf(pack, entry) : null;
    }

    internal async ValueTask<PackRecord?> FindPackAsync(PackId pack, CancellationToken cancellationToken)
    {
        var bytes = pack.Value.ToArray();
        var (low, high) = (_footer.ChunkPages, _footer.ChunkPages + _footer.PackPages);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var records = await ReadPageAsync(middle, cancellationToken);
            var count = RecordsOn(middle);
            if (records.AsSpan((count - 1) * IndexLayout.PackRecordBytes, Id256.SizeBytes).SequenceCompareTo(bytes) < 0)
            {
                low = middle + 1;
                continue;
            }

            var at = SegmentPages.LowerBound(records, count, IndexLayout.PackRecordBytes, bytes);
            var record = records.AsSpan(at * IndexLayout.PackRecordBytes, IndexLayout.PackRecordBytes);
            if (at > 0 || record.StartsWith(bytes))
            {
                return record.StartsWith(bytes) ? IndexLayout.ReadPack(record) : null;
            }

            high = middle;
        }

        return null;
    }

    /// <summary>All packs, ascending by id.</summary>
    internal async IAsyncEnumerable<PackRecord> EnumeratePacksAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var ordinal = 0; ordinal < PackCount; ordinal++)
        {
            yield return await ReadPackAsync((uint)ordinal, cancellationToken);
        }
    }

    /// <summary>All locations, ascending by chunk: for merging segments and for checks.</summary>
    internal async IAsyncEnumerable<ChunkLocation> EnumerateChunksAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var page = 0; page < _footer.ChunkPages; page++)
        {
            var records = await ReadPageAsync(page, cancellationToken);
            for (var i = 0; i < RecordsOn(page); i++)
            {
                var entry = IndexLayout.ReadChunk(records.AsSpan(i * IndexLayout.ChunkRecordBytes, IndexLayout.ChunkRecordBytes), out var ordinal);
                var pack = await ReadPackAsync(ordinal, cancellationToken);
                entry.Require(pack.Id, pack.LengthBytes);
                yield return LocationOf(pack, entry);
            }
        }
    }

    public void Dispose() => _opener.Dispose();

    private static long PlaceOf(int page) => IndexLayout.PrologueBytes + ((long)page * IndexLayout.StoredPageBytes);

    private int RecordsOn(int page) => page < _footer.ChunkPages
        ? Math.Min(IndexLayout.ChunksPerPage, ChunkCount - (page * IndexLayout.ChunksPerPage))
        : Math.Min(IndexLayout.PacksPerPage, PackCount - ((page - _footer.ChunkPages) * IndexLayout.PacksPerPage));

    private async ValueTask<PackRecord> ReadPackAsync(uint ordinal, CancellationToken cancellationToken)
    {
        if (ordinal >= (uint)PackCount)
        {
            throw SegmentPages.Malformed(Name, $"a chunk lies in pack {ordinal} of {PackCount}");
        }

        return Volatile.Read(ref _lastPack) is { } last && last.Ordinal == ordinal
            ? last.Pack
            : ReadPack(ordinal, await ReadPageAsync(PageOfPack(ordinal), cancellationToken));
    }

    private PackRecord? FindPackAtHand(uint ordinal)
    {
        if (Volatile.Read(ref _lastPack) is { } last && last.Ordinal == ordinal)
        {
            return last.Pack;
        }

        return ordinal < (uint)PackCount && _cache.TryGet(this, PageOfPack(ordinal), out var records) ? ReadPack(ordinal, records) : null;
    }

    private PackRecord ReadPack(uint ordinal, byte[] records)
    {
        var at = (int)(ordinal % IndexLayout.PacksPerPage) * IndexLayout.PackRecordBytes;
        var pack = IndexLayout.ReadPack(records.AsSpan(at, IndexLayout.PackRecordBytes));
        Volatile.Write(ref _lastPack, new PlacedPack(ordinal, pack));
        return pack;
    }

    private int PageOfPack(uint ordinal) => _footer.ChunkPages + (int)(ordinal / IndexLayout.PacksPerPage);

    private ChunkLocation LocationOf(PackRecord pack, in PackEntry entry) => new(pack, entry, Signer) { IsAttested = IsAttestation && !Signer.IsRevoked };

    private async ValueTask<byte[]> ReadPageAsync(int page, CancellationToken cancellationToken)
    {
        if (!_cache.TryGet(this, page, out var records))
        {
            Interlocked.Increment(ref _pagesLoaded);
            records = await LoadPageAsync(page, cancellationToken);
            _cache.Add(this, page, records);
        }

        return records;
    }

    /// <summary>The records of a page as stored; checked, and without the unused rest of a page that is mostly that.</summary>
    private byte[] OpenPage(int page, ReadOnlySpan<byte> stored)
    {
        if (ContentHash.Of(stored) != _footer.HashOf(page))
        {
            throw SegmentPages.Malformed(Name, $"page {page} is not the one that was signed");
        }

        var records = new byte[IndexLayout.PageBytes];
        lock (_openerGate)
        {
            _opener.Open((ulong)page, isLast: false, claim: default, stored, records);
        }

        var isOfChunks = page < _footer.ChunkPages;
        if (isOfChunks)
        {
            SegmentPages.CheckChunks(Name, records, RecordsOn(page), _footer.FenceOf(page));
        }
        else
        {
            SegmentPages.CheckPacks(Name, records, RecordsOn(page), IsMerged ? null : Signer);
        }

        var used = RecordsOn(page) * (isOfChunks ? IndexLayout.ChunkRecordBytes : IndexLayout.PackRecordBytes);
        return used <= IndexLayout.PageBytes / 2 ? records[..used] : records;
    }

    /// <summary>A page from the target, its hash, seal and records checked.</summary>
    private async ValueTask<byte[]> LoadPageAsync(int page, CancellationToken cancellationToken)
    {
        var stored = ArrayPool<byte>.Shared.Rent(IndexLayout.StoredPageBytes);
        try
        {
            var bytes = stored.AsMemory(0, IndexLayout.StoredPageBytes);
            return await SecondRead.RunAsync(_target, Name, async target =>
            {
                await target.ReadAsync(Name, PlaceOf(page), bytes, cancellationToken);
                return OpenPage(page, bytes.Span);
            });
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stored);
        }
    }

    private sealed record PlacedPack(uint Ordinal, PackRecord Pack);
}
