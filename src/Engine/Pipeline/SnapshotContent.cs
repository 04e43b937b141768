using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>The content of one file of a snapshot, read forward and chunk by chunk as it is wanted; each chunk is checked before any byte of it is given out.</summary>
internal sealed class SnapshotContent : Stream
{
    private readonly IChunkFetcher _fetcher;
    private readonly long _sizeBytes;
    private readonly IAsyncEnumerator<ChunkId> _chunks;
    private OwnedBuffer? _chunk;
    private int _at;
    private long _fetched;
    private long _given;

    internal SnapshotContent(ListedEntry file, IChunkFetcher fetcher)
    {
        _fetcher = fetcher;
        _sizeBytes = file.Metadata.SizeBytes;
        _chunks = ContentReader.ChunksAsync(file.Content, fetcher, CancellationToken.None).GetAsyncEnumerator(CancellationToken.None);
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => _sizeBytes;

    public override long Position
    {
        get => _given;
        set => throw new NotSupportedException();
    }

    /// <exception cref="IntegrityException">The content is damaged from here on.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty || ((_chunk is null || _at == _chunk.LengthBytes) && !await FetchNextAsync(cancellationToken)))
        {
            return 0;
        }

        var count = Math.Min(buffer.Length, _chunk!.LengthBytes - _at);
        _chunk.Memory.Slice(_at, count).CopyTo(buffer);
        _at += count;
        _given += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => ReadAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

    public override void Flush()
    {
        // Nothing is ever written.
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _chunk?.Dispose();
            _chunk = null;
        }

        base.Dispose(disposing);
    }

    private async ValueTask<bool> FetchNextAsync(CancellationToken cancellationToken)
    {
        _chunk?.Dispose();
        _chunk = null;
        _at = 0;
        cancellationToken.ThrowIfCancellationRequested();
        if (!await _chunks.MoveNextAsync())
        {
            ContentLength.Require(_fetched, _sizeBytes);
            return false;
        }

        var chunk = await _fetcher.FetchAsync(_chunks.Current, cancellationToken);
        try
        {
            _fetched = ContentLength.Add(_fetched, chunk.LengthBytes, _sizeBytes);
        }
        catch
        {
            chunk.Dispose();
            throw;
        }

        _chunk = chunk;
        return true;
    }
}
