using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Google;

/// <summary>A part of an upload in a session.</summary>
internal sealed class GcsChunk : HttpContent
{
    private const int BufferBytes = 128 * 1024;

    private readonly GuardedContent _bytes;
    private readonly long _offset;
    private readonly long _length;

    public GcsChunk(GuardedContent bytes, long offset, long length)
    {
        _bytes = bytes;
        _offset = offset;
        _length = length;
        Headers.ContentRange = new ContentRangeHeaderValue(offset, offset + length - 1, bytes.Length);
    }

    /// <summary>From <paramref name="offset"/> on, whatever was read before.</summary>
    public static async Task CopyAsync(GuardedContent bytes, long offset, long length, Stream destination, CancellationToken cancellationToken)
    {
        bytes.Position = offset;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            // An empty content is read too: it may be longer than it said.
            do
            {
                var count = await bytes.ReadAsync(buffer.AsMemory(0, (int)Math.Clamp(length, 1, BufferBytes)), cancellationToken);
                await destination.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
                length -= count;
            }
            while (length > 0);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer, clearArray: true);
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        CopyAsync(_bytes, _offset, _length, stream, cancellationToken);

    protected override bool TryComputeLength(out long length)
    {
        length = _length;
        return true;
    }
}
