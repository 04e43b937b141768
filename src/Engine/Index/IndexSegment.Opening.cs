using System.Buffers.Binary;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Index;

/// <summary>Where a segment's pages come from and where they are kept.</summary>
internal readonly record struct SegmentSource(Target Target, ObjectName Name, long LengthBytes, PageCache Cache)
{
    /// <summary>By the store's clock.</summary>
    internal DateTimeOffset StoredAt { get; init; }
}

public sealed partial class IndexSegment
{
    /// <summary>A segment of at most this size is read whole, so that a small run's chunks are found by one request.</summary>
    private const int SmallBytes = 64 * 1024;

    /// <summary>One read of this size from the end holds the footer of most segments whole.</summary>
    private const int FirstReadBytes = 32 * 1024;

    /// <summary>Reads start and end of a segment and verifies its signature; no page is read.</summary>
    /// <exception cref="IntegrityException">NotAnObject, ObjectMisplaced, SegmentMalformed, Malformed, FrameTampered, SignatureInvalid, SignerNotEntitled.</exception>
    /// <exception cref="KeyException">IndexKeyMissing.</exception>
    /// <exception cref="VaultException">UnsupportedFormat.</exception>
    /// <exception cref="TargetException">As the target says.</exception>
    public static async Task<IndexSegment> OpenAsync(
        Target target, ObjectStat stat, IndexAccess access, PageCache cache, CancellationToken cancellationToken)
    {
        var id = RequireId(stat);
        return await SecondRead.RunAsync(target, stat.Name, async source =>
        {
            ReadOnlyMemory<byte>? whole = null;
            if (stat.LengthBytes <= SmallBytes)
            {
                var bytes = new byte[stat.LengthBytes];
                await source.ReadAsync(stat.Name, 0, bytes, cancellationToken);
                whole = bytes;
            }

            return await OpenAsync(SourceOf(source, stat, cache), id, access, whole, cancellationToken);
        });
    }

    /// <summary>Opens a segment that was written just now, by the bytes at hand, of which nothing is kept; its pages are read from the target as ever.</summary>
    /// <inheritdoc cref="OpenAsync(Target, ObjectStat, IndexAccess, PageCache, CancellationToken)"/>
    internal static Task<IndexSegment> OpenWrittenAsync(
        Target target, ObjectStat stat, ReadOnlyMemory<byte> stored, IndexAccess access, PageCache cache, CancellationToken cancellationToken) =>
        OpenAsync(SourceOf(target, stat, cache), RequireId(stat), access, stored, cancellationToken);

    private static SegmentSource SourceOf(Target target, ObjectStat stat, PageCache cache) => new(target, stat.Name, stat.LengthBytes, cache) { StoredAt = stat.StoreTime };

    private static Id256 RequireId(ObjectStat stat)
    {
        if (!stat.Name.Value.StartsWith(Prefix, StringComparison.Ordinal) || !Id256.TryParse(stat.Name.Value.AsSpan(Prefix.Length), out var id))
        {
            throw new ArgumentException($"'{stat.Name}' names no index segment.", nameof(stat));
        }

        if (stat.LengthBytes < IndexLayout.PrologueBytes + IndexLayout.EndBytes)
        {
            throw new IntegrityException(FaultCodes.NotAnObject, $"'{stat.Name}' is cut short.");
        }

        return id;
    }

    /// <param name="whole">The segment, where it is at hand.</param>
    private static async Task<IndexSegment> OpenAsync(SegmentSource source, Id256 id, IndexAccess access, ReadOnlyMemory<byte>? whole, CancellationToken cancellationToken)
    {
        var (prologue, tail) = whole is { } bytes
            ? (bytes[..IndexLayout.PrologueBytes].ToArray(), bytes[IndexLayout.PrologueBytes..])
            : await ReadBothEndsAsync(source, cancellationToken);
        var header = ObjectHeader.Read(prologue);
        header.Expect(ObjectKind.IndexSegment, access.Vault, new ObjectId(id));
        var key = access.RequireKey(header);
        var end = await ReadEndAsync(source, tail, cancellationToken);
        var signer = SignatureList.Parse(end.Signatures, $"index segment {header.Object}").Verify(
            IndexSegmentBuilder.SignedHash(prologue, end.FooterFrames.Span), access.Members, MemberRoles.Writer | MemberRoles.Maintainer | MemberRoles.Verifier);
        if (!FrameOpener.TryCreate(new ObjectKey(key.Bytes, header, SealPurpose.Index), prologue.AsSpan(ObjectHeader.SizeBytes), out var opener))
        {
            throw SegmentPages.Malformed(source.Name, $"it is not sealed with the index key of epoch {header.Epoch}");
        }

        try
        {
            var footer = SegmentFooter.Read(OpenFooter(opener, end), end.Pages, header.Object);
            RequireRight(source.Name, signer, footer.IsAttestation);
            var segment = new IndexSegment(source, header, footer, opener, signer);
            if (whole is null or { Length: <= SmallBytes })
            {
                segment.KeepPages(tail.Span, source.LengthBytes - tail.Length);
            }

            return segment;
        }
        catch
        {
            opener.Dispose();
            throw;
        }
    }

    /// <summary>Only a verifier attests, and a verifier does nothing else here.</summary>
    private static void RequireRight(ObjectName name, MemberEntry signer, bool isAttestation)
    {
        if (!signer.Has(isAttestation ? MemberRoles.Verifier : MemberRoles.Writer | MemberRoles.Maintainer))
        {
            throw new IntegrityException(
                FaultCodes.SignerNotEntitled, $"'{name}' is signed by {signer.Name}, who {(isAttestation ? "is no verifier and cannot attest packs" : "may attest packs and name no others")}.");
        }
    }

    /// <summary>
    /// Puts pages that came along whole into the cache. A page that does not open is left for whoever asks for it: the segment says so then, as it does for any other.
    /// </summary>
    /// <param name="tail">The segment from <paramref name="tailAt"/> to its end.</param>
    private void KeepPages(ReadOnlySpan<byte> tail, long tailAt)
    {
        var before = tailAt - IndexLayout.PrologueBytes + IndexLayout.StoredPageBytes - 1;
        for (var page = (int)(before / IndexLayout.StoredPageBytes); page < _footer.ChunkPages + _footer.PackPages; page++)
        {
            try
            {
                _cache.Add(this, page, OpenPage(page, tail.Slice((int)(PlaceOf(page) - tailAt), IndexLayout.StoredPageBytes)));
            }
            catch (IntegrityException)
            {
                return;
            }
        }
    }

    /// <summary>At once: far away each is a way there and back.</summary>
    private static async Task<(byte[] Prologue, ReadOnlyMemory<byte> Tail)> ReadBothEndsAsync(SegmentSource source, CancellationToken cancellationToken)
    {
        var prologue = new byte[IndexLayout.PrologueBytes];
        var reading = source.Target.ReadAsync(source.Name, 0, prologue, cancellationToken);
        var tail = ReadTailAsync(source, Math.Min(FirstReadBytes, source.LengthBytes - IndexLayout.PrologueBytes), cancellationToken);
        await Task.WhenAll(reading, tail);
        return (prologue, await tail);
    }

    /// <param name="tail">What was read of it first; read anew where the footer is longer.</param>
    private static async Task<SegmentEnd> ReadEndAsync(SegmentSource source, ReadOnlyMemory<byte> tail, CancellationToken cancellationToken)
    {
        var footerBytes = BinaryPrimitives.ReadUInt32LittleEndian(tail.Span[(tail.Length - 8)..]);
        var signatureBytes = BinaryPrimitives.ReadUInt32LittleEndian(tail.Span[(tail.Length - 4)..]);
        var pagesBytes = source.LengthBytes - IndexLayout.PrologueBytes - IndexLayout.EndBytes - footerBytes - signatureBytes;
        if (footerBytes is <= FrameSealer.TagBytes or > IndexLayout.MaxFooterBytes || signatureBytes > IndexLayout.MaxSignaturesBytes
            || pagesBytes < 0 || pagesBytes % IndexLayout.StoredPageBytes != 0 || pagesBytes / IndexLayout.StoredPageBytes > IndexLayout.MaxChunks)
        {
            throw SegmentPages.Malformed(source.Name, "its parts do not add up to its length");
        }

        var wanted = (int)(footerBytes + signatureBytes);
        if (wanted + IndexLayout.EndBytes > tail.Length)
        {
            tail = await ReadTailAsync(source, wanted + IndexLayout.EndBytes, cancellationToken);
        }

        var parts = tail.Slice(tail.Length - IndexLayout.EndBytes - wanted, wanted);
        return new SegmentEnd((int)(pagesBytes / IndexLayout.StoredPageBytes), parts[..(int)footerBytes], parts[(int)footerBytes..]);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadTailAsync(SegmentSource source, long lengthBytes, CancellationToken cancellationToken)
    {
        var tail = new byte[lengthBytes];
        await source.Target.ReadAsync(source.Name, source.LengthBytes - tail.Length, tail, cancellationToken);
        return tail;
    }

    private static byte[] OpenFooter(FrameOpener opener, SegmentEnd end)
    {
        const int FrameBytes = SealedBlob.FramePlainBytes + FrameSealer.TagBytes;
        var frames = end.FooterFrames.Span;
        var count = (frames.Length + FrameBytes - 1) / FrameBytes;
        var lastBytes = frames.Length - ((count - 1) * FrameBytes);
        if (lastBytes <= FrameSealer.TagBytes)
        {
            throw new IntegrityException(FaultCodes.SegmentMalformed, "The footer of an index segment is cut short.");
        }

        var plain = new byte[frames.Length - (count * FrameSealer.TagBytes)];
        for (var frame = 0; frame < count; frame++)
        {
            var isLast = frame == count - 1;
            var stored = frames.Slice(frame * FrameBytes, isLast ? lastBytes : FrameBytes);
            opener.Open(
                (ulong)(end.Pages + frame),
                isLast,
                claim: default,
                stored,
                plain.AsSpan(frame * SealedBlob.FramePlainBytes, stored.Length - FrameSealer.TagBytes));
        }

        return plain;
    }

    private readonly record struct SegmentEnd(int Pages, ReadOnlyMemory<byte> FooterFrames, ReadOnlyMemory<byte> Signatures);
}
