using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Reads chunks out of packs for one worker: keeps the last few packs' keys, since taking one out of its envelope costs more than opening a
/// chunk, and the last ranges read, since neighbours are wanted together. Ranges are aligned, so that the store does not learn where a
/// chunk ends. A pack's beginning, which opens it, is asked for together with the first range of it, or is part of that. Not thread-safe.
/// </summary>
internal sealed partial class PackOpener(VaultReader vault) : ISubjectKeys, IDisposable
{
    /// <summary>Ranges begin and end at multiples of this.</summary>
    internal const int AlignmentBytes = 256 * 1024;

    private const int MaxOpenPacks = 64;

    /// <summary>Ranges kept beside the last. Whoever walks a listing goes between its few levels: one file of 100,000 took 19 requests with the last range alone.</summary>
    private const int MaxKeptBytes = 4 * AlignmentBytes;

    private readonly Dictionary<PackId, PackReader> _open = [];
    private readonly Queue<PackId> _order = new();
    private readonly CompressorCatalog _compressors = new();
    private readonly Queue<LoadedRange> _ranges = new();
    private SubjectDomain? _subject;

    /// <summary>How much behind a chunk is read with it, for who wants neighbours one by one.</summary>
    internal int ReadAheadBytes { get; init; }

    /// <summary>Where chunks are opened, for who is done with each before the next. Owned.</summary>
    internal BufferShelf? Shelf { get; init; }

    /// <summary>Where ranges are read; owned. None for who has several on their way, which would come on top of what waits for its next use.</summary>
    internal BufferShelf? RangeShelf { get; init; }

    private Target Target => vault.Vault.Target;

    /// <summary>The chunk's plaintext from this one place; the caller owns it. Throws what is wrong with the place.</summary>
    /// <param name="subject">Whose chunk it is; null for the vault's own.</param>
    internal async ValueTask<OwnedBuffer> ReadAsync(PackRecord pack, PackEntry entry, SubjectDomain? subject, CancellationToken cancellationToken)
    {
        if (!Holds(pack, entry))
        {
            var wanted = Math.Max(entry.FrameBytes, Math.Min(ReadAheadBytes, pack.LengthBytes - entry.OffsetBytes));
            await LoadAsync(pack, new ByteRange(entry.OffsetBytes, wanted), cancellationToken);
        }

        var reader = await OpenAsync(pack.Id, cancellationToken);
        _subject = subject;
        try
        {
            return OpenChunk(reader, RangeOf(pack, entry)!, entry);
        }
        catch (IntegrityException) when (!Target.Capabilities.IsNear)
        {
            // As in SecondRead, and this chunk alone: its neighbours stay as they were read first, else a pack full of damage is read many times.
            using var again = await ReadAlignedAsync(Target.Uncached, pack, new ByteRange(entry.OffsetBytes, entry.FrameBytes), prologue: null, cancellationToken);
            return OpenChunk(reader, again, entry);
        }
    }

    /// <summary>The one key that the caller brought with the chunk at hand.</summary>
    SubjectKey? ISubjectKeys.Find(DomainId domain) => _subject?.Id == domain ? _subject.Key : null;

    /// <summary>Whether the chunk's frame lies in memory from a range that was read.</summary>
    internal bool Holds(PackRecord pack, PackEntry entry) => RangeOf(pack, entry) is not null;

    /// <summary>Reads <paramref name="range"/> into memory in place of those read first; the caller names as much as it will want at once.</summary>
    internal async ValueTask LoadAsync(PackRecord pack, ByteRange range, CancellationToken cancellationToken)
    {
        if (range.Offset + range.LengthBytes > pack.LengthBytes)
        {
            throw new IntegrityException(FaultCodes.PackMalformed, $"The pack {pack.Id} ends before a chunk that should lie in it.");
        }

        var asked = await TakeAskedAsync(pack, range);
        var (start, end) = asked is null ? Aligned(range, pack.LengthBytes) : (asked.Start, asked.End);

        // Before the next one is read, whose buffer may be theirs.
        Forget((int)Math.Max(0, MaxKeptBytes - (end - start)));
        asked ??= AskNow(pack, range, cancellationToken);

        // One that is gone or cold is asked for again with each of its chunks, and no more than once each time.
        _refused = pack.Id;
        _ranges.Enqueue(await asked.Bytes);
        _refused = null;
    }

    /// <summary>The range as it is asked for.</summary>
    internal static (long Start, long End) Aligned(ByteRange range, long packBytes) => (
        range.Offset / AlignmentBytes * AlignmentBytes,
        Math.Min(packBytes, (range.Offset + range.LengthBytes + AlignmentBytes - 1) / AlignmentBytes * AlignmentBytes));

    public void Dispose()
    {
        Forget(-1);
        foreach (var reader in _open.Values)
        {
            reader.Dispose();
        }

        _open.Clear();
        _compressors.Dispose();
        Shelf?.Dispose();
        RangeShelf?.Dispose();
    }

    private async ValueTask<PackReader> OpenAsync(PackId id, CancellationToken cancellationToken)
    {
        if (_open.TryGetValue(id, out var known))
        {
            return known;
        }

        var first = TakePrologue(id);
        var reader = await SecondRead.RunAsync(Target, PackRecord.NameOf(id), async target =>
        {
            using var read = first.IsEmpty ? OwnedBuffer.RentForSealed(PackReader.PrologueBytes) : null;
            if (read is not null)
            {
                await target.ReadAsync(PackRecord.NameOf(id), 0, read.Memory, cancellationToken);
            }

            var prologue = read?.Memory ?? first;
            first = default;
            var header = PackReader.ReadHeader(vault.Vault.Id, id, prologue.Span);
            var keys = new ChunkKeys(vault.Vault.Keys.ChunkId, _compressors, this) { Shelf = Shelf };
            return PackReader.Open(header, prologue.Span, vault.IdentityOf(header.Epoch), keys);
        });
        if (_open.Count >= MaxOpenPacks && _order.TryDequeue(out var oldest) && _open.Remove(oldest, out var evicted))
        {
            evicted.Dispose();
        }

        _open.Add(id, reader);
        _order.Enqueue(id);
        return reader;
    }

    /// <summary>As it came with a range that was read, once: who asks again reads it again. Empty where it came with none.</summary>
    private ReadOnlyMemory<byte> TakePrologue(PackId id) => _ranges.LastOrDefault(range => range.Pack == id)?.TakePrologue() ?? default;

    /// <param name="prologue">Read beside it; null where that is not wanted.</param>
    private async Task<LoadedRange> ReadAlignedAsync(Target target, PackRecord pack, ByteRange range, OwnedBuffer? prologue, CancellationToken cancellationToken)
    {
        var (start, end) = Aligned(range, pack.LengthBytes);
        var bytes = RangeShelf?.Rent((int)(end - start)) ?? OwnedBuffer.RentForSealed((int)(end - start));
        var read = new LoadedRange(pack.Id, start, bytes, prologue);
        try
        {
            await Task.WhenAll(FillAsync(prologue, 0), FillAsync(read.Bytes, start));
        }
        catch
        {
            read.Dispose();
            throw;
        }

        return read;

        async Task FillAsync(OwnedBuffer? buffer, long offset)
        {
            if (buffer is not null)
            {
                await target.ReadAsync(pack.Name, offset, buffer.Memory, cancellationToken);
            }
        }
    }

    private OwnedBuffer OpenChunk(PackReader reader, LoadedRange range, PackEntry entry) => reader.OpenChunk(entry, _subject?.Id ?? DomainId.Vault, range.FrameOf(entry));

    private LoadedRange? RangeOf(PackRecord pack, in PackEntry entry)
    {
        foreach (var range in _ranges)
        {
            if (range.Holds(pack.Id, entry))
            {
                return range;
            }
        }

        return null;
    }

    private void Forget(int keptBytes)
    {
        while (_ranges.Sum(static range => range.Bytes.LengthBytes) > keptBytes && _ranges.TryDequeue(out var oldest))
        {
            oldest.Dispose();
        }
    }

    private sealed record LoadedRange(PackId Pack, long Start, OwnedBuffer Bytes, OwnedBuffer? Prologue) : IDisposable
    {
        private bool _isTaken;

        /// <summary>Empty where it neither begins with it nor was asked for together with it, and from the second time on.</summary>
        public ReadOnlyMemory<byte> TakePrologue()
        {
            var isTaken = _isTaken;
            _isTaken = true;
            return isTaken ? default : Prologue?.Memory ?? (HoldsPrologue(Start, Start + Bytes.LengthBytes) ? Bytes.Memory[..PackReader.PrologueBytes] : default);
        }

        public static bool HoldsPrologue(long start, long end) => start == 0 && end >= PackReader.PrologueBytes;

        public void Dispose()
        {
            Bytes.Dispose();
            Prologue?.Dispose();
        }

        public bool Holds(PackId pack, in PackEntry entry) => Pack == pack && Start <= entry.OffsetBytes && entry.OffsetBytes + entry.FrameBytes <= Start + Bytes.LengthBytes;

        public ReadOnlySpan<byte> FrameOf(PackEntry entry) => Bytes.Span.Slice((int)(entry.OffsetBytes - Start), entry.FrameBytes);
    }
}
