using System.Runtime.ExceptionServices;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <param name="Payload">What the frame will hold; proven to unpack to the chunk. The caller's until it is added.</param>
/// <param name="Checksum">XXH3 of the payload, taken before the proof.</param>
internal readonly record struct PackableChunk(
    ChunkId Id, ChunkClass Class, int PlainBytes, CompressionId Compression, ChunkSealing Sealing, ReadOnlyMemory<byte> Payload, ulong Checksum);

/// <summary>
/// Stages 5 and 6: gives every chunk its place in a pack, seals it there and opens it again. Data and pages fill packs of their own, so
/// that browsing a snapshot reads few. When a pack is nearly full, a few chunks wait, and those that fill it best go in. A pack that is abandoned half full is forgotten with its
/// keys. Thread-safe: one chunk at a time, and while a full pack waits for the uploader, so does everybody, which bounds the packs in memory.
/// </summary>
/// <param name="buffers">For packs of data, which are on their way one at a time; taken over. None where several are: what waits for its next use would come on top of them.</param>
internal sealed class PackAssembler(BackupChannels channels, PackSealing sealing, BufferShelf? buffers) : IDisposable
{
    /// <summary>
    /// Of a pack: 4 MiB by default may wait, and half of it is filled from that. Padding of full packs went from 4 to 1.5 % where nothing compresses, from 1.7 to 0.1 % of tables.
    /// </summary>
    private const int WaitingPart = 4;

    /// <summary>Shorter ones fit anywhere: 64 KiB by default.</summary>
    private const int ShortPart = 256;

    /// <summary>
    /// Far away several packs are in memory, and the runtime would let 20 MiB of short-lived garbage gather beside them: what does not compress, on its way to an S3 store, held 257 MiB and now 251. A collection takes less
    /// than a millisecond, a pack at least 30.
    /// </summary>
    private const int PacksPerCollection = 4;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly PackBuilder?[] _open = new PackBuilder?[2];

    /// <summary>How many chunks the last pack held: about as many go into the next, and lists that grow leave twice their length behind.</summary>
    private readonly int[] _lastCount = new int[2];
    private readonly WaitingChunks[] _waiting = [new(sealing.PackSizeBytes / WaitingPart), new(sealing.PackSizeBytes / WaitingPart)];
    private ExceptionDispatchInfo? _failure;
    private int _closed;

    /// <summary>Where a frame is opened again. Whoever adds a chunk has unpacked it before, and may do so here too: as many buffers as there are workers serve for both.</summary>
    internal BufferShelf Opened { get; } = new();

    internal async ValueTask AddAsync(PackableChunk chunk, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            _failure?.Throw();
            if (!ShouldWait(chunk) && TryAdd(chunk))
            {
                return;
            }

            var waiting = _waiting[(int)chunk.Class];
            waiting.Add(chunk);
            if (waiting.IsFull)
            {
                await PlaceWaitingAsync(chunk.Class, cancellationToken);
            }
        }
        catch (Exception error)
        {
            // A builder that threw has spent a number: nothing more may go into it, whoever has the next turn.
            _failure ??= ExceptionDispatchInfo.Capture(error);
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>After the last chunk: closes what is open, and then no pack follows.</summary>
    internal async Task FinishAsync(CancellationToken cancellationToken)
    {
        // The end of a run is where it takes most memory: its last packs, the index, and the listing's last pages.
        buffers?.Trim();
        Opened.Trim();
        foreach (var chunkClass in new[] { ChunkClass.Data, ChunkClass.Page })
        {
            await PlaceWaitingAsync(chunkClass, cancellationToken);
            _waiting[(int)chunkClass].Dispose();
            await CloseAsync(chunkClass, isFull: false, cancellationToken);
        }

        channels.Packs.Writer.Complete();
    }

    public void Dispose()
    {
        Array.ForEach(_open, static builder => builder?.Dispose());
        Array.ForEach(_waiting, static chunks => chunks.Dispose());
        buffers?.Dispose();
        Opened.Dispose();
        _turn.Dispose();
    }

    /// <summary>16 MiB of fresh pages cost 3 ms, and more where memory is in pieces. A pack of pages stays half empty for long, and what was not yet written takes no memory.</summary>
    private PackBuilder Open(ChunkClass chunkClass) => _open[(int)chunkClass] ??= new PackBuilder(sealing, chunkClass == ChunkClass.Data ? buffers : null, Opened, _lastCount[(int)chunkClass]);

    private bool TryAdd(in PackableChunk chunk)
    {
        var frame = new ChunkFrame
        {
            Chunk = chunk.Id,
            PlainBytes = chunk.PlainBytes,
            Compression = chunk.Compression,
            Sealing = chunk.Sealing,
            Payload = chunk.Payload.Span,
            Checksum = chunk.Checksum,
        };
        return Open(chunk.Class).TryAdd(frame, out _);
    }

    private bool ShouldWait(in PackableChunk chunk)
    {
        var lengthBytes = chunk.Payload.Length;
        return lengthBytes > sealing.PackSizeBytes / ShortPart
            && (_waiting[(int)chunk.Class].Count > 0 || Open(chunk.Class).RoomFor(1) - lengthBytes < sealing.PackSizeBytes / WaitingPart / 2);
    }

    /// <summary>A pack that does not take all that waits is closed with those that fill it best.</summary>
    private async ValueTask PlaceWaitingAsync(ChunkClass chunkClass, CancellationToken cancellationToken)
    {
        var waiting = _waiting[(int)chunkClass];
        while (waiting.Count > 0)
        {
            var builder = Open(chunkClass);
            var chosen = waiting.Choose(builder.RoomFor);
            if (chosen.Count == 0 && builder.ChunkCount == 0)
            {
                throw new IntegrityException(FaultCodes.SealVerificationFailed, "A chunk fits into no pack.");
            }

            foreach (var chunk in chosen)
            {
                if (!TryAdd(chunk.Chunk))
                {
                    throw new InvalidOperationException($"The pack {builder.Id} does not take the chunk {chunk.Chunk.Id}, for which it had room.");
                }

                waiting.Remove(chunk);
            }

            if (waiting.Count > 0)
            {
                await CloseAsync(chunkClass, isFull: true, cancellationToken);
            }
        }
    }

    private async ValueTask CloseAsync(ChunkClass chunkClass, bool isFull, CancellationToken cancellationToken)
    {
        var builder = _open[(int)chunkClass];
        if (builder is null)
        {
            return;
        }

        _open[(int)chunkClass] = null;
        using (builder)
        {
            _lastCount[(int)chunkClass] = builder.ChunkCount;
            var pack = builder.Finish(isFull);
            try
            {
                await channels.Packs.Writer.WriteAsync(pack, cancellationToken);
            }
            catch
            {
                pack.Dispose();
                throw;
            }
        }

        if (buffers is null && ++_closed % PacksPerCollection == 0)
        {
            GC.Collect(0);
        }
    }
}
