using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>The part of a segment that is read when it is opened: how much it holds, where, and the hash of every page.</summary>
internal sealed record SegmentFooter
{
    /// <summary>The newest register entry that the signer knew.</summary>
    public required uint RegisterNumber { get; init; }

    public required ContentHash RegisterHash { get; init; }

    public required int ChunkCount { get; init; }

    public required int PackCount { get; init; }

    /// <summary>First chunk id of each chunk page, joined.</summary>
    public required ReadOnlyMemory<byte> Fences { get; init; }

    /// <summary>SHA-256 of each page as stored, joined.</summary>
    public required ReadOnlyMemory<byte> PageHashes { get; init; }

    public required IReadOnlyList<ObjectId> Replaced { get; init; }

    /// <summary>As claimed.</summary>
    public required Timestamp Time { get; init; }

    /// <summary>Whether its signer opened every pack that it names and found in it exactly what it says.</summary>
    public bool IsAttestation { get; init; }

    public int ChunkPages => IndexLayout.ChunkPagesOf(ChunkCount);

    public int PackPages => IndexLayout.PackPagesOf(PackCount);

    private const int AttestationKey = 128;

    public byte[] Encode()
    {
        var writer = new CborMapWriter(capacityBytes: Fences.Length + PageHashes.Length + (Replaced.Count * 34) + 256)
        .BeginMap(IsAttestation ? 8 : 7)
        .Key(0).BeginArray(2).UInt(RegisterNumber).Id(RegisterHash.Value).EndArray()
        .Key(1).UInt((ulong)ChunkCount)
        .Key(2).UInt((ulong)PackCount)
        .Key(3).Bytes(Fences.Span)
        .Key(4).Bytes(PageHashes.Span)
        .Key(5).Array(Replaced, static (writer, id) => writer.Id(id.Value))
        .Key(6).Time(Time);
        return (IsAttestation ? writer.Key(AttestationKey).Int(1) : writer).EndMap().Encode();
    }

    /// <param name="pages">How many pages lie before the footer.</param>
    /// <exception cref="Faults.IntegrityException">Malformed.</exception>
    /// <exception cref="Faults.VaultException">UnsupportedFormat.</exception>
    public static SegmentFooter Read(ReadOnlyMemory<byte> bytes, int pages, ObjectId segment)
    {
        var reader = CborMapReader.OfMap(bytes, $"footer of index segment {segment}");
        (uint Number, ContentHash Hash)? head = null;
        int? chunks = null, packs = null;
        ReadOnlyMemory<byte>? fences = null, hashes = null;
        ObjectId[]? replaced = null;
        Timestamp? time = null;
        var isAttestation = false;
        while (reader.NextKey(out var key, AttestationKey))
        {
            switch (key)
            {
                case 0:
                    reader.BeginTuple(2);
                    head = (reader.ReadUInt32(), new ContentHash(reader.ReadId()));
                    reader.EndArray();
                    break;
                case 1: chunks = reader.ReadInt32(IndexLayout.MaxChunks); break;
                case 2: packs = reader.ReadInt32(IndexLayout.MaxChunks); break;
                case 3: fences = reader.ReadBytes(IndexLayout.MaxFooterBytes); break;
                case 4: hashes = reader.ReadBytes(IndexLayout.MaxFooterBytes); break;
                case 5: replaced = reader.ReadArray(IndexLayout.MaxReplaced, static item => new ObjectId(item.ReadId())); break;
                case 6: time = reader.ReadTime(); break;
                case AttestationKey: isAttestation = true; reader.Check(reader.ReadUInt64() == 1, "an attestation is not marked by 1"); break;
                default: throw reader.UnknownKey(key);
            }
        }

        var (number, hash) = reader.Required(head, "register head");
        var footer = new SegmentFooter
        {
            RegisterNumber = number,
            RegisterHash = hash,
            ChunkCount = reader.Required(chunks, "number of chunks"),
            PackCount = reader.Required(packs, "number of packs"),
            Fences = reader.Required(fences, "fence list"),
            PageHashes = reader.Required(hashes, "page hashes"),
            Replaced = reader.Required(replaced, "list of replaced segments"),
            Time = reader.Required(time, "time"),
            IsAttestation = isAttestation,
        };
        reader.Check(footer.ChunkPages + footer.PackPages == pages, "it counts other pages than there are");
        reader.Check(footer.PageHashes.Length == pages * Id256.SizeBytes, "the page hashes do not match the pages");
        reader.Check(footer.Fences.Length == footer.ChunkPages * Id256.SizeBytes, "the fences do not match the pages");
        for (var page = 1; page < footer.ChunkPages; page++)
        {
            reader.Check(footer.FenceOf(page - 1).SequenceCompareTo(footer.FenceOf(page)) <= 0, "the fences do not ascend");
        }

        return footer;
    }

    public ReadOnlySpan<byte> FenceOf(int page) => Fences.Span.Slice(page * Id256.SizeBytes, Id256.SizeBytes);

    public ContentHash HashOf(int page) => new(Id256.Read(PageHashes.Span.Slice(page * Id256.SizeBytes, Id256.SizeBytes)));

    /// <summary>The pages that can hold a chunk: from the returned one on, while their fences are not beyond it.</summary>
    public int FirstPageOf(ReadOnlySpan<byte> chunk)
    {
        var (low, high) = (0, ChunkPages);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = SegmentPages.IsBelow(FenceOf(middle), chunk) ? (middle + 1, high) : (low, middle);
        }

        // One id may lie at the end of a page and at the start of the next.
        return Math.Max(0, low - 1);
    }
}
