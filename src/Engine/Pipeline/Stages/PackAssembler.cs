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
/// that browsing a snapshot reads few. A pack that is abandoned half full is forgotten with its keys. Thread-safe: one chunk at a time, and while a full pack waits for the
/// uploader, so does everybody, which bounds the packs in memory.
/// </summary>
internal sealed class PackAssembler(BackupChannels channels, PackSealing sealing) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly PackBuilder?[] _open = new PackBuilder?[2];
    private ExceptionDispatchInfo? _failure;

    internal async ValueTask AddAsync(PackableChunk chunk, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            _failure?.Throw();
            if (TryAdd(chunk))
            {
                return;
            }

            await CloseAsync(chunk.Class, isFull: true, cancellationToken);
            if (!TryAdd(chunk))
            {
                throw new IntegrityException(FaultCodes.SealVerificationFailed, $"The chunk {chunk.Id} fits into no pack.");
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
        await CloseAsync(ChunkClass.Data, isFull: false, cancellationToken);
        await CloseAsync(ChunkClass.Page, isFull: false, cancellationToken);
        channels.Packs.Writer.Complete();
    }

    public void Dispose()
    {
        foreach (var builder in _open)
        {
            builder?.Dispose();
        }

        _turn.Dispose();
    }

    private bool TryAdd(in PackableChunk chunk)
    {
        var builder = _open[(int)chunk.Class] ??= new PackBuilder(sealing);
        var frame = new ChunkFrame
        {
            Chunk = chunk.Id,
            PlainBytes = chunk.PlainBytes,
            Compression = chunk.Compression,
            Sealing = chunk.Sealing,
            Payload = chunk.Payload.Span,
            Checksum = chunk.Checksum,
        };
        return builder.TryAdd(frame, out _);
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
    }
}
