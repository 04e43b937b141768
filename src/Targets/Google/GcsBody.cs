using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Google;

/// <summary>The body of an upload: what is said of an object, then its bytes. It may be sent again from the start, as after a refused token.</summary>
internal sealed class GcsBody : HttpContent, IFramedContent
{
    private readonly GuardedContent _bytes;
    private readonly byte[] _before;
    private readonly byte[] _after;

    public GcsBody(GcsMetadata metadata, GuardedContent bytes)
    {
        _bytes = bytes;
        var boundary = Convert.ToHexString(RandomNumberGenerator.GetBytes(16));
        var json = JsonSerializer.Serialize(metadata, GcsJson.Default.GcsMetadata);
        _before = Encoding.UTF8.GetBytes(
            $"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n{json}\r\n--{boundary}\r\nContent-Type: {metadata.ContentType}\r\n\r\n");
        _after = Encoding.UTF8.GetBytes($"\r\n--{boundary}--\r\n");
        Headers.ContentType = new MediaTypeHeaderValue("multipart/related") { Parameters = { new NameValueHeaderValue("boundary", boundary) } };
    }

    public long ObjectBytes => _bytes.Length;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(_before, cancellationToken);
        await GcsChunk.CopyAsync(_bytes, 0, _bytes.Length, stream, cancellationToken);
        await stream.WriteAsync(_after, cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _before.Length + _bytes.Length + _after.Length;
        return true;
    }
}
