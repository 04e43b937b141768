using System.Collections.Concurrent;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Fetches a batch pack by pack with a few workers, copies what stands at the destination already, and writes each chunk to all its places. Whoever ends the last
/// use of a file reads it back and gives it its attributes and its name, while the others go on.
/// </summary>
internal sealed class RestoreFetcher(RestoreParts parts, ChunkFetcher fallback) : IDisposable
{
    /// <summary>Targets far away answer several questions at once, so there are some however few cores there are.</summary>
    internal static readonly int Workers = Math.Clamp(Environment.ProcessorCount, 4, 8);

    private const int NearRangeBytes = 1024 * 1024;
    private const int NearChunks = 64;

    private readonly bool _isNear = parts.Vault.Vault.Target.Capabilities.IsNear;
    private readonly ConcurrentBag<PackOpener> _openers = [];
    private readonly PieceCopier _copier = new(parts.Destination, parts.Ids);

    internal async Task FetchAsync(RestoreBatch batch, CancellationToken cancellationToken)
    {
        // A use of the batch's own: the file is not ended while the batch that it goes on from is under way.
        batch.Unfinished?.AddUse();
        var work = new ConcurrentQueue<FetchWork>([.. ItemsOf(batch).Select(static chunks => new FetchWork(chunks, [])), .. batch.CopiesByFile().Select(static copies => new FetchWork([], copies))]);
        using var stages = new StageGroup(cancellationToken);
        for (var i = 0; i < Workers; i++)
        {
            if (_isNear)
            {
                // Nothing on the way is worth a hand-off, and the pool's few threads are left to the plan.
                stages.StartBlocking(token => WorkAsync(work, token).GetAwaiter().GetResult());
            }
            else
            {
                stages.Start(token => WorkAsync(work, token));
            }
        }

        await stages.WhenAllAsync();
        if (batch.Unfinished is { } unfinished)
        {
            End(unfinished, cancellationToken);
        }
    }

    public void Dispose()
    {
        foreach (var opener in _openers)
        {
            opener.Dispose();
        }
    }

    /// <summary>One use less. After the last one the file is completed, or taken away where it has failed.</summary>
    internal void End(RestoringFile file, CancellationToken cancellationToken)
    {
        if (!file.EndUse())
        {
            return;
        }

        if (file.File is not { } open)
        {
            // A file without a chunk; others were put with it.
            file.Outcome ??= file.HasFailed ? null : parts.Destination.PutFile(file.Preparation, [], parts.ReadsBack);
            return;
        }

        using (open)
        {
            ReadBack.Check(file, open, file.TakeParts(), cancellationToken);
            file.Outcome = file.HasFailed ? null : open.Complete();
        }
    }

    /// <summary>
    /// What a worker takes at a time. Far away a pack, or a range of one where there are too few packs to go round, since each worker opens it anew. Near by little enough that
    /// nobody waits long for the last one of a batch.
    /// </summary>
    private IEnumerable<IReadOnlyList<WantedChunk>> ItemsOf(RestoreBatch batch)
    {
        var packs = batch.ByPack().ToList();
        return _isNear ? packs.SelectMany(static pack => PackRanges.Split(pack, NearRangeBytes, NearChunks))
            : packs.Count >= 4 * Workers ? packs
            : packs.SelectMany(static pack => PackRanges.Split(pack));
    }

    private async Task WorkAsync(ConcurrentQueue<FetchWork> queue, CancellationToken cancellationToken)
    {
        var opener = _openers.TryTake(out var idle) ? idle : NewOpener();
        using var asking = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var items = FetchWork.TakeAll(queue);
            foreach (var item in _isNear ? items : FetchWork.Ahead(items, opener, asking.Token))
            {
                await FetchAsync(opener, item.Chunks, cancellationToken);
                await CopyAsync(item.Copies, cancellationToken);
            }
        }
        finally
        {
            // Of a worker that has failed: the others are not told to stop before it has ended.
            await asking.CancelAsync();
            await opener.DropAskedAsync();
            _openers.Add(opener);
        }
    }

    /// <summary>Fresh pages for each range were a tenth of a near restore's processor time.</summary>
    private PackOpener NewOpener() => new(parts.Vault) { Shelf = new BufferShelf(), RangeShelf = _isNear ? new BufferShelf(isSealed: true) : null };

    private async Task FetchAsync(PackOpener opener, IReadOnlyList<WantedChunk> chunks, CancellationToken cancellationToken)
    {
        for (var i = 0; i < chunks.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var plain = await TryReadAsync(opener, chunks, i, cancellationToken);
            if (plain is not null)
            {
                Write(chunks[i], plain, cancellationToken);
            }
        }
    }

    /// <summary>What does not stand there any more as it was when it was compared is fetched after all.</summary>
    private async Task CopyAsync(IReadOnlyList<PieceCopy> copies, CancellationToken cancellationToken)
    {
        await CopyPiecesAsync(copies, cancellationToken);
        foreach (var copy in copies)
        {
            // The file that stood there is closed by now: Windows replaces no open file.
            End(copy.File, cancellationToken);
        }
    }

    private async Task CopyPiecesAsync(IReadOnlyList<PieceCopy> copies, CancellationToken cancellationToken)
    {
        if (copies.Count == 0)
        {
            return;
        }

        using var source = _copier.Open(copies[0].File);
        foreach (var copy in copies)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var standing = source?.TryRead(copy);
            using var plain = standing is null ? await TryFetchAsync(copy, cancellationToken) : null;
            if ((standing ?? plain) is { } bytes)
            {
                WriteTo(new ChunkUse(copy.File, copy.Offset, Stream: null), bytes, isReused: standing is not null, cancellationToken);
            }
        }
    }

    private async ValueTask<OwnedBuffer?> TryFetchAsync(PieceCopy copy, CancellationToken cancellationToken)
    {
        try
        {
            return await fallback.FetchAsync(copy.Id, cancellationToken);
        }
        catch (BackupException damage) when (ChunkFetcher.IsOfOneChunk(damage))
        {
            copy.File.Fail(EntryFault.Of(copy.File.Preparation.Entry.Path.ToString(), damage));
            return null;
        }
    }

    /// <summary>The chunk from its first place, or from any other; null when its files have been told that it is lost.</summary>
    private async ValueTask<OwnedBuffer?> TryReadAsync(PackOpener opener, IReadOnlyList<WantedChunk> chunks, int at, CancellationToken cancellationToken)
    {
        var chunk = chunks[at];
        try
        {
            var place = chunk.Places[0];
            if (!opener.Holds(place.Pack, place.Entry))
            {
                await opener.LoadAsync(place.Pack, PackRanges.From(chunks, at), cancellationToken);
            }

            return await opener.ReadAsync(place.Pack, place.Entry, subject: null, cancellationToken);
        }
        catch (BackupException error) when (ChunkFetcher.IsOfOnePlace(error))
        {
            return await TryFallbackAsync(chunk, cancellationToken);
        }
    }

    private async ValueTask<OwnedBuffer?> TryFallbackAsync(WantedChunk chunk, CancellationToken cancellationToken)
    {
        try
        {
            return await fallback.FetchAsync(chunk.Id, cancellationToken);
        }
        catch (BackupException damage) when (ChunkFetcher.IsOfOneChunk(damage))
        {
            Fail(chunk, damage, cancellationToken);
            return null;
        }
    }

    private void Fail(WantedChunk chunk, BackupException damage, CancellationToken cancellationToken)
    {
        foreach (var use in chunk.Uses)
        {
            use.File.Fail(EntryFault.Of(use.File.Preparation.Entry.Path.ToString(), damage));
            End(use.File, cancellationToken);
        }
    }

    private void Write(WantedChunk chunk, OwnedBuffer plain, CancellationToken cancellationToken)
    {
        if (plain.LengthBytes != chunk.PlainBytes)
        {
            // The places of what follows in the file were reckoned with the other length.
            var lie = new IntegrityException(FaultCodes.ChunkMismatch, $"Its chunk {chunk.Id} has {plain.LengthBytes} bytes, and the index says {chunk.PlainBytes}.");
            Fail(chunk, lie, cancellationToken);
            return;
        }

        foreach (var use in chunk.Uses)
        {
            WriteTo(use, plain, isReused: false, cancellationToken);
            End(use.File, cancellationToken);
        }
    }

    private void WriteTo(ChunkUse use, OwnedBuffer plain, bool isReused, CancellationToken cancellationToken)
    {
        var file = use.File;
        if (file.HasFailed)
        {
            return;
        }

        try
        {
            if (file.File is { } open)
            {
                WriteTo(open, use, plain, cancellationToken);
            }
            else
            {
                file.Outcome = parts.Destination.PutFile(file.Preparation, plain.Span, parts.ReadsBack);
            }
        }
        catch (DestinationFaultException refused)
        {
            file.Fail(EntryFault.Of(refused.Fault));
            return;
        }

        parts.Counters.AddBytesRead(plain.LengthBytes);
        if (isReused)
        {
            file.AddReused(plain.LengthBytes);
        }
        else
        {
            file.AddFetched(plain.LengthBytes);
        }
    }

    private void WriteTo(IDestinationFile open, ChunkUse use, OwnedBuffer plain, CancellationToken cancellationToken)
    {
        if (use.Stream is null)
        {
            open.Write(use.Offset, plain.Span);
        }
        else
        {
            open.WriteStream(use.Stream, use.Offset, plain.Span);
        }

        if (parts.ReadsBack)
        {
            use.File.AddPart(ReadBack.PartOf(use, plain.Span));
            ReadBack.Check(use.File, open, use.File.TakeParts(ReadBack.BehindBytes), cancellationToken);
        }
    }
}
