using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>Writes a sealed blob behind its object header, frame by frame, to a local file. Not thread-safe.</summary>
internal sealed class SealedStreamWriter : IDisposable
{
    private readonly Stream _file;
    private readonly FrameSealer _sealer;
    private readonly OwnedBuffer _plain = OwnedBuffer.Rent(SealedBlob.FramePlainBytes);
    private readonly byte[] _sealed = new byte[SealedBlob.FramePlainBytes + FrameSealer.TagBytes];
    private readonly bool _leavesOpen;
    private int _filled;

    /// <param name="leavesOpen">The file stays its owner's; otherwise it is closed with the writer.</param>
    internal SealedStreamWriter(Stream file, ObjectKey key, bool leavesOpen = false)
    {
        _file = file;
        _leavesOpen = leavesOpen;
        _sealer = new FrameSealer(key);
        Span<byte> header = stackalloc byte[ObjectHeader.SizeBytes];
        key.Header.Write(header);
        file.Write(header);
        file.Write(_sealer.Commitment);
    }

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_filled == _plain.LengthBytes)
            {
                Seal(isLast: false);
            }

            var count = Math.Min(bytes.Length, _plain.LengthBytes - _filled);
            bytes[..count].CopyTo(_plain.Span[_filled..]);
            _filled += count;
            bytes = bytes[count..];
        }
    }

    /// <summary>Seals the last frame; nothing can be written after it.</summary>
    internal void Finish()
    {
        Seal(isLast: true);
        _file.Flush();
    }

    public void Dispose()
    {
        _plain.Dispose();
        _sealer.Dispose();
        if (!_leavesOpen)
        {
            _file.Dispose();
        }
    }

    private void Seal(bool isLast)
    {
        var frame = _sealed.AsSpan(0, _filled + FrameSealer.TagBytes);
        _sealer.Seal(isLast, [], _plain.Span[.._filled], frame);
        _file.Write(frame);
        _filled = 0;
    }
}

/// <summary>Reads what <see cref="SealedStreamWriter"/> wrote, in order. Damage and a cut end are <see cref="IntegrityException"/>.</summary>
internal sealed class SealedStreamReader : IDisposable
{
    private readonly Stream _file;
    private readonly FrameOpener _opener;
    private readonly OwnedBuffer _plain = OwnedBuffer.Rent(SealedBlob.FramePlainBytes);
    private readonly byte[] _sealed = new byte[SealedBlob.FramePlainBytes + FrameSealer.TagBytes];
    private bool _leavesOpen;
    private ulong _frame;
    private int _position;
    private int _filled;
    private bool _isAtEnd;

    private SealedStreamReader(Stream file, FrameOpener opener)
    {
        _file = file;
        _opener = opener;
    }

    /// <summary>Null when the key is another; takes ownership of <paramref name="file"/>, which stands behind its header.</summary>
    /// <param name="leavesOpen">The file stays its owner's.</param>
    internal static SealedStreamReader? TryOpen(Stream file, ObjectKey key, bool leavesOpen = false)
    {
        Span<byte> commitment = stackalloc byte[ObjectKey.CommitmentBytes];
        if (file.ReadAtLeast(commitment, commitment.Length, throwOnEndOfStream: false) == commitment.Length
            && FrameOpener.TryCreate(key, commitment, out var opener))
        {
            return new SealedStreamReader(file, opener) { _leavesOpen = leavesOpen };
        }

        if (!leavesOpen)
        {
            file.Dispose();
        }

        return null;
    }

    /// <summary>Fills the destination; false when the stream ended before its first byte.</summary>
    internal bool TryRead(Span<byte> destination)
    {
        var isFirst = true;
        while (!destination.IsEmpty)
        {
            if (_position == _filled && !Advance())
            {
                return isFirst ? false : throw new IntegrityException(FaultCodes.ListingMalformed, "A sealed file of this host ends within a record.");
            }

            var count = Math.Min(destination.Length, _filled - _position);
            _plain.Span.Slice(_position, count).CopyTo(destination);
            _position += count;
            destination = destination[count..];
            isFirst = false;
        }

        return true;
    }

    internal void Skip(long bytes)
    {
        while (bytes > 0)
        {
            if (_position == _filled && !Advance())
            {
                throw new IntegrityException(FaultCodes.ListingMalformed, "A sealed file of this host ends within a record.");
            }

            var count = (int)Math.Min(bytes, _filled - _position);
            _position += count;
            bytes -= count;
        }
    }

    public void Dispose()
    {
        _plain.Dispose();
        _opener.Dispose();
        if (!_leavesOpen)
        {
            _file.Dispose();
        }
    }

    private bool Advance()
    {
        if (_isAtEnd)
        {
            return false;
        }

        var read = ReadFrame();
        _isAtEnd = _file.Position == _file.Length;
        _filled = Math.Max(0, read - FrameSealer.TagBytes);
        _position = 0;
        _opener.Open(_frame++, _isAtEnd, [], _sealed.AsSpan(0, read), _plain.Span[.._filled]);
        return _filled > 0 || !_isAtEnd;
    }

    private int ReadFrame()
    {
        try
        {
            return _file.ReadAtLeast(_sealed, _sealed.Length, throwOnEndOfStream: false);
        }
        catch (IOException exception)
        {
            throw new IntegrityException(FaultCodes.ListingMalformed, $"A sealed file of this host cannot be read: {exception.Message}", exception);
        }
    }
}
