using System.Net;

namespace SecureBackup.Targets.Http;

/// <summary>The content of an answer as it is, with each piece told when it arrives.</summary>
internal sealed class ObservedContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly Action<int> _arrived;

    public ObservedContent(HttpContent inner, Action<int> arrived)
    {
        _inner = inner;
        _arrived = arrived;
        foreach (var (name, values) in inner.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(name, values);
        }
    }

    protected override async Task<Stream> CreateContentReadStreamAsync() => new ObservedStream(await _inner.ReadAsStreamAsync(), _arrived);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new ObservedStream(await _inner.ReadAsStreamAsync(cancellationToken), _arrived);

    protected override Stream CreateContentReadStream(CancellationToken cancellationToken) => new ObservedStream(_inner.ReadAsStream(cancellationToken), _arrived);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await using var content = await CreateContentReadStreamAsync();
        await content.CopyToAsync(stream);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _inner.Headers.ContentLength ?? 0;
        return _inner.Headers.ContentLength is not null;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
