using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline.Stages;

/// <summary>
/// Stages 5 and 6: gives every chunk its place in a pack, seals it there and opens it again. Data and pages fill packs of their own, so
/// that browsing a snapshot reads few. A pack that is abandoned half full is forgotten with its keys.
/// </summary>
internal sealed class PackAssembler(BackupChannels channels, PackSealing sealing) : IDisposable
{
    private readonly PackBuilder?[] _open = new PackBuilder?[2];

    internal async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var chunk in channels.Compressed.Reader.ReadAllAsync(cancellationToken))
        {
            using (chunk)
            {
                if (!TryAdd(chunk))
                {
                    await CloseAsync(chunk.Class, isFull: true, cancellationToken);
                    if (!TryAdd(chunk))
                    {
                        throw new IntegrityException(FaultCodes.SealVerificationFailed, $"The chunk {chunk.Id} fits into no pack.");
                    }
                }
            }
        }

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
    }

    private bool TryAdd(CompressedChunk chunk)
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
