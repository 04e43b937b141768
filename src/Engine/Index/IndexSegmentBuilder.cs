using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>What a segment is sealed and signed with, and what it says beside its records. The keys stay their owner's.</summary>
public sealed record SegmentSealing
{
    public required VaultId Vault { get; init; }

    /// <summary>The epoch of <see cref="IndexKey"/>.</summary>
    public required uint Epoch { get; init; }

    public required RootKey IndexKey { get; init; }

    public required SigningKey Signer { get; init; }

    /// <summary>The newest register entry that the signer knows: its number and hash.</summary>
    public required uint RegisterNumber { get; init; }

    public required ContentHash RegisterHash { get; init; }

    public required Timestamp Time { get; init; }

    /// <summary>Segments that this one makes superfluous; a writer's must be its own.</summary>
    public IReadOnlyList<ObjectId> Replaced { get; init; } = [];

    /// <summary>A verifier's word: every pack named was opened, and holds exactly these chunks.</summary>
    public bool IsAttestation { get; init; }
}

/// <summary>
/// Collects packs and writes them as one sorted, sealed, signed segment. Holds about 60 bytes a chunk, so its capacity bounds its memory:
/// what is more goes into the next segment. Not thread-safe.
/// </summary>
public sealed class IndexSegmentBuilder
{
    /// <summary>16 MB of memory.</summary>
    public const int DefaultMaxChunks = 262_144;

    private readonly int _maxChunks;
    private readonly List<PackRecord> _packs = [];
    private readonly Dictionary<PackId, int> _ordinals = [];
    private readonly List<(PackEntry Entry, int Pack)> _chunks = [];

    public IndexSegmentBuilder(int maxChunks = DefaultMaxChunks)
    {
        if (maxChunks is < 1 or > IndexLayout.MaxChunks)
        {
            throw new ArgumentOutOfRangeException(nameof(maxChunks));
        }

        _maxChunks = maxChunks;
    }

    public int ChunkCount => _chunks.Count;

    public IReadOnlyList<PackRecord> Packs => _packs;

    /// <summary>About what is written, and rather more.</summary>
    internal int ExpectedBytes => (int)Math.Min(Array.MaxLength, 64L * 1024 + (((long)_chunks.Count * IndexLayout.ChunkRecordBytes) + ((long)_packs.Count * IndexLayout.PackRecordBytes)) * 17 / 16);

    public static ObjectName NameOf(ObjectId id) => new($"{IndexSegment.Prefix}{id}");

    /// <summary>False, and nothing done, when the pack's chunks do not fit any more. A pack is added once.</summary>
    public bool TryAdd(PackRecord pack, IReadOnlyList<PackEntry> entries)
    {
        if (_chunks.Count > 0 && _chunks.Count + entries.Count > _maxChunks)
        {
            return false;
        }

        foreach (var entry in entries)
        {
            _chunks.Add((entry, _packs.Count));
        }

        _packs.Add(pack);
        return true;
    }

    /// <summary>Adds one chunk of a pack, whose other chunks may come before and after: for merging segments. The caller minds the capacity.</summary>
    public void Add(PackRecord pack, in PackEntry entry)
    {
        if (!_ordinals.TryGetValue(pack.Id, out var ordinal))
        {
            _ordinals.Add(pack.Id, ordinal = _packs.Count);
            _packs.Add(pack);
        }

        _chunks.Add((entry, ordinal));
    }

    /// <summary>For the next segment, in the memory of this one: it is of the kind that a collection of everything alone gives back.</summary>
    internal void Clear()
    {
        _packs.Clear();
        _ordinals.Clear();
        _chunks.Clear();
    }

    /// <summary>Writes the segment, front to back.</summary>
    /// <returns>Its object id, by which <see cref="NameOf"/> names it.</returns>
    public ObjectId Write(Stream destination, SegmentSealing sealing)
    {
        var header = new ObjectHeader(ObjectKind.IndexSegment, sealing.Epoch, sealing.Vault, ObjectId.Random());
        using var sealer = new FrameSealer(new ObjectKey(sealing.IndexKey.Bytes, header, SealPurpose.Index));
        var prologue = new byte[IndexLayout.PrologueBytes];
        header.Write(prologue);
        sealer.Commitment.CopyTo(prologue.AsSpan(ObjectHeader.SizeBytes));
        destination.Write(prologue);

        Sort();
        var pages = new PageWriter(destination, sealer);
        var chunkCount = WriteChunks(pages);
        var fences = pages.TakeFences();
        foreach (var pack in _packs)
        {
            IndexLayout.WritePack(pack, pages.Next(IndexLayout.PackRecordBytes));
        }

        pages.Flush();
        var footer = SealFooter(sealer, new SegmentFooter
        {
            RegisterNumber = sealing.RegisterNumber,
            RegisterHash = sealing.RegisterHash,
            ChunkCount = chunkCount,
            PackCount = _packs.Count,
            Fences = fences,
            PageHashes = pages.Hashes,
            Replaced = sealing.Replaced,
            Time = sealing.Time,
            IsAttestation = sealing.IsAttestation,
        });
        var signatures = SignatureList.Sign(SignedHash(prologue, footer), sealing.Signer);
        destination.Write(footer);
        destination.Write(signatures);
        Span<byte> end = stackalloc byte[IndexLayout.EndBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(end, (uint)footer.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(end[4..], (uint)signatures.Length);
        destination.Write(end);
        return header.Object;
    }

    internal static ContentHash SignedHash(ReadOnlySpan<byte> prologue, ReadOnlySpan<byte> footerFrames)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(prologue);
        hash.AppendData(footerFrames);
        return new ContentHash(Id256.Read(hash.GetHashAndReset()));
    }

    /// <summary>Packs by id, so that the place is the ordinal; chunks by id, then ordinal, then frame.</summary>
    private void Sort()
    {
        var ordinals = new int[_packs.Count];
        var order = Enumerable.Range(0, _packs.Count).OrderBy(i => _packs[i].Id).ToArray();
        for (var rank = 0; rank < order.Length; rank++)
        {
            ordinals[order[rank]] = rank;
        }

        foreach (ref var chunk in CollectionsMarshal.AsSpan(_chunks))
        {
            chunk.Pack = ordinals[chunk.Pack];
        }

        _packs.Sort(static (left, right) => left.Id.CompareTo(right.Id));
        _chunks.Sort(static (left, right) =>
        {
            var byId = left.Entry.Chunk.CompareTo(right.Entry.Chunk);
            var byPack = byId != 0 ? byId : left.Pack.CompareTo(right.Pack);
            return byPack != 0 ? byPack : left.Entry.Frame.CompareTo(right.Entry.Frame);
        });
    }

    /// <summary>One record for each chunk and pack: a pack that holds a chunk twice is named with the first.</summary>
    private int WriteChunks(PageWriter pages)
    {
        var written = 0;
        (ChunkId, int)? before = null;
        foreach (var (entry, pack) in _chunks)
        {
            if (before != (entry.Chunk, pack))
            {
                IndexLayout.WriteChunk(entry, pack, pages.Next(IndexLayout.ChunkRecordBytes));
                before = (entry.Chunk, pack);
                written++;
            }
        }

        pages.Flush();
        return written;
    }

    private static byte[] SealFooter(FrameSealer sealer, SegmentFooter footer)
    {
        var plain = footer.Encode();
        var frames = new byte[SealedBlob.SealedBytesOf(plain.Length) - ObjectKey.CommitmentBytes];
        for (int at = 0, to = 0; at < plain.Length; at += SealedBlob.FramePlainBytes)
        {
            var length = Math.Min(plain.Length - at, SealedBlob.FramePlainBytes);
            sealer.Seal(at + length == plain.Length, claim: default, plain.AsSpan(at, length), frames.AsSpan(to, length + FrameSealer.TagBytes));
            to += length + FrameSealer.TagBytes;
        }

        return frames;
    }
}
