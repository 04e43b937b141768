using System.Threading.Channels;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Stage 1b: small files that no listing of the last run can stand for are read, cut and claimed several at a time, before the entries are listed in their order. One that is odd, or
/// has alternate streams or long attributes, is left alone here: it is read in its turn, by the stage that knows what to do about it. Blocks on threads of its own, since opening and reading
/// wait for a disk or a share. A crash here leaves nothing.
/// </summary>
/// <param name="rule">When the last run's listing stands for a file; null where there is none.</param>
internal sealed class SmallFileReader(ChunkStore store, IChunker chunker, ContentMeter meter, UnchangedRule? rule)
{
    /// <summary>
    /// How many files are waited for at once. 100,000 small files on a disk that answers after 0.1 ms took 25 s by one, 18 s by two and 16 s by eight; 3,000 on a share 2 ms away
    /// 20 s by one and 4 s by eight, and sixteen were no faster.
    /// </summary>
    private const int MaxReaders = 8;

    /// <summary>A reader has so much in memory, and a chunk of it as a copy, besides what is on its way.</summary>
    private const int MaxFileBytes = 1024 * 1024;

    /// <summary>From so many in a row on that the last run did not know, the next ones are new too. Where known files follow again, those that the walk has handed over already, about a thousand, are read in vain.</summary>
    private const int MinUnknownInARow = 32;

    /// <summary>What one reader takes of a batch, so that a folder of fifty files has several.</summary>
    private const int SliceItems = 8;

    /// <summary>Bounded by the channel that the batches go through.</summary>
    private readonly Channel<Slice> _slices = Channel.CreateUnbounded<Slice>();

    /// <summary>No longer content has all its chunks in its entry for certain.</summary>
    private readonly int _maxBytes = (int)Math.Min(MaxFileBytes, (long)ContentRef.MaxDirectIds * chunker.MinBytes);

    private int _unknownInARow;

    /// <summary>Runs in the background have half as many as threads for their other work, besides which these come.</summary>
    internal static int Readers => Math.Clamp(TaskScheduler.Current.MaximumConcurrencyLevel / 2, 1, MaxReaders);

    /// <summary>Told by whoever merges files with the last run's listing, of each in turn, whether it is in there.</summary>
    internal void See(bool isKnown) => Volatile.Write(ref _unknownInARow, isKnown ? 0 : _unknownInARow + 1);

    /// <summary>Takes what is to be read here. Whoever lists the batch may wait for it from now on.</summary>
    internal void Take(EntryBatch batch)
    {
        var areMostNew = rule is null || Volatile.Read(ref _unknownInARow) >= MinUnknownInARow;
        var due = Enumerable.Range(0, batch.Items.Count).Where(item => IsDue(batch.Items[item], areMostNew)).Chunk(SliceItems).ToList();
        batch.Expect(due.Count);
        due.ForEach(items => _slices.Writer.TryWrite(new Slice(batch, items)));
    }

    internal void Complete() => _slices.Writer.Complete();

    /// <summary>One of the readers, until there is nothing more to read.</summary>
    internal void Run(CancellationToken cancellationToken)
    {
        while (_slices.Reader.WaitToReadAsync(cancellationToken).AsTask().GetAwaiter().GetResult())
        {
            while (_slices.Reader.TryRead(out var slice))
            {
                Read(slice, cancellationToken);
            }
        }
    }

    private bool IsDue(SourceItem item, bool areMostNew) =>
        item.Entry is { Metadata: { Kind: EntryKind.File, AlternateStreams.Count: 0 } metadata } entry && metadata.SizeBytes <= _maxBytes
        && (areMostNew || !rule!.MayHold(entry));

    private void Read(Slice slice, CancellationToken cancellationToken)
    {
        foreach (var item in slice.Due)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryStore(slice.Batch.Items[item].Entry!, cancellationToken) is { } file)
            {
                slice.Batch.Add(item, file);
            }
        }

        slice.Batch.EndSlice();
    }

    private EarlyFile? TryStore(SourceEntry entry, CancellationToken cancellationToken)
    {
        try
        {
            using var content = entry.Open();
            if (content.Metadata.SizeBytes > _maxBytes || HasLargeAttributes(content.Metadata) || TryRead(content) is not { } plain)
            {
                return null;
            }

            var fresh = new FreshTally(meter);
            return new EarlyFile(content.Metadata, content.Identity, content.AttributeFault, Store(plain, fresh, cancellationToken), fresh);
        }
        catch (SourceFaultException)
        {
            // It is opened once more in its turn, and what is wrong then is listed.
            return null;
        }
    }

    /// <summary>They would be in memory for a thousand files until it is their turn.</summary>
    private static bool HasLargeAttributes(EntryMetadata metadata) =>
        metadata.ExtendedAttributes.Count > 0 && metadata.ExtendedAttributes.Sum(static attribute => (long)attribute.Value.Length) > ListedEntry.MaxInlineAttributeBytes;

    /// <summary>The whole content; null unless it is as long as it showed, and stayed what it was.</summary>
    private static OwnedBuffer? TryRead(SourceContent content)
    {
        var length = (int)content.Metadata.SizeBytes;

        // A byte more, since what claims to be empty is not always.
        var plain = OwnedBuffer.Rent(length + 1);
        var isWhole = false;
        try
        {
            var filled = 0;
            for (int count; filled <= length && (count = content.Read(plain.Span[filled..])) > 0;)
            {
                filled += count;
            }

            isWhole = filled == length && content.IsUnchanged();
            plain.Truncate(length);
            return isWhole ? plain : null;
        }
        finally
        {
            if (!isWhole)
            {
                plain.Dispose();
            }
        }
    }

    /// <summary>Cut as any content is: chunks depend on nothing but the bytes. Of several each is a copy, since a part would keep the whole in memory.</summary>
    private ContentRef Store(OwnedBuffer plain, FreshTally fresh, CancellationToken cancellationToken)
    {
        if (plain.LengthBytes > 0 && plain.LengthBytes <= chunker.MinBytes)
        {
            return new ContentRef(0, [StoreChunk(plain, fresh, cancellationToken)]);
        }

        using (plain)
        {
            var ids = new List<ChunkId>();
            for (int begin = 0, length; begin < plain.LengthBytes; begin += length)
            {
                length = chunker.NextBoundary(plain.Span[begin..], isLast: true);
                ids.Add(StoreChunk(OwnedBuffer.CopyOf(plain.Span.Slice(begin, length)), fresh, cancellationToken));
            }

            return new ContentRef(0, ids);
        }
    }

    private ChunkId StoreChunk(OwnedBuffer chunk, FreshTally fresh, CancellationToken cancellationToken)
    {
        var stored = store.StoreAsync(chunk, ChunkClass.Data, subject: null, fresh, cancellationToken);
        return stored.IsCompletedSuccessfully ? stored.Result : stored.AsTask().GetAwaiter().GetResult();
    }

    /// <param name="Due">Which of the batch's items.</param>
    private readonly record struct Slice(EntryBatch Batch, IReadOnlyList<int> Due);
}
