using System.Threading.Channels;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Fetches a batch pack by pack with a few workers, and writes each chunk to all its places.</summary>
internal sealed class RestoreFetcher(RestoreParts parts, ChunkFetcher fallback)
{
    private const int Workers = 4;

    /// <summary>Neighbouring chunks are read in one range up to this length.</summary>
    private const int MaxRangeBytes = 4 * 1024 * 1024;

    internal async Task FetchAsync(RestoreBatch batch, CancellationToken cancellationToken)
    {
        var packs = Channel.CreateUnbounded<IReadOnlyList<WantedChunk>>();
        foreach (var pack in batch.ByPack())
        {
            packs.Writer.TryWrite(pack);
        }

        packs.Writer.Complete();
        using var stages = new StageGroup(cancellationToken);
        for (var i = 0; i < Workers; i++)
        {
            stages.Start(token => WorkAsync(packs.Reader, token));
        }

        await stages.WhenAllAsync();
    }

    private async Task WorkAsync(ChannelReader<IReadOnlyList<WantedChunk>> packs, CancellationToken cancellationToken)
    {
        using var opener = new PackOpener(parts.Vault);
        await foreach (var chunks in packs.ReadAllAsync(cancellationToken))
        {
            for (var i = 0; i < chunks.Count; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                using var plain = await TryReadAsync(opener, chunks, i, cancellationToken);
                if (plain is not null)
                {
                    Write(chunks[i], plain);
                }
            }
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
                await opener.LoadAsync(place.Pack, RangeFrom(chunks, at), cancellationToken);
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
        catch (IntegrityException damage)
        {
            Fail(chunk, damage);
            return null;
        }
    }

    private static void Fail(WantedChunk chunk, IntegrityException damage)
    {
        foreach (var use in chunk.Uses)
        {
            use.File.Fail(EntryFault.Of(use.File.Preparation.Entry.Path.ToString(), damage));
            use.File.EndUse();
        }
    }

    /// <summary>From this chunk on as far as the next wanted ones lie close behind it.</summary>
    private static ByteRange RangeFrom(IReadOnlyList<WantedChunk> chunks, int at)
    {
        var first = chunks[at].Places[0].Entry;
        var end = first.OffsetBytes + first.FrameBytes;
        for (var i = at + 1; i < chunks.Count; i++)
        {
            var next = chunks[i].Places[0].Entry;
            if (next.OffsetBytes > end + PackOpener.AlignmentBytes || next.OffsetBytes + next.FrameBytes - first.OffsetBytes > MaxRangeBytes)
            {
                break;
            }

            end = Math.Max(end, next.OffsetBytes + next.FrameBytes);
        }

        return new ByteRange(first.OffsetBytes, end - first.OffsetBytes);
    }

    private void Write(WantedChunk chunk, OwnedBuffer plain)
    {
        if (plain.LengthBytes != chunk.PlainBytes)
        {
            // The places of what follows in the file were reckoned with the other length.
            var lie = new IntegrityException(FaultCodes.ChunkMismatch, $"Its chunk {chunk.Id} has {plain.LengthBytes} bytes, and the index says {chunk.PlainBytes}.");
            Fail(chunk, lie);
            return;
        }

        foreach (var use in chunk.Uses)
        {
            try
            {
                if (!use.File.HasFailed)
                {
                    WriteTo(use, plain.Span);
                    parts.Counters.AddBytesRead(plain.LengthBytes);
                }
            }
            catch (DestinationFaultException refused)
            {
                use.File.Fail(EntryFault.Of(refused.Fault));
            }

            use.File.EndUse();
        }
    }

    private static void WriteTo(ChunkUse use, ReadOnlySpan<byte> bytes)
    {
        if (use.Stream is null)
        {
            use.File.File.Write(use.Offset, bytes);
        }
        else
        {
            use.File.File.WriteStream(use.Stream, use.Offset, bytes);
        }
    }
}
