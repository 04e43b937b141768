using System.Buffers;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Index;

/// <summary>Fills pages with records of one size at a time and seals each page as it is full.</summary>
internal sealed class PageWriter(Stream destination, FrameSealer sealer)
{
    private readonly byte[] _page = new byte[IndexLayout.PageBytes];
    private readonly byte[] _stored = new byte[IndexLayout.StoredPageBytes];
    private readonly ArrayBufferWriter<byte> _hashes = new();
    private readonly ArrayBufferWriter<byte> _fences = new();
    private int _filled;

    /// <summary>Of all pages so far, joined.</summary>
    public byte[] Hashes => _hashes.WrittenSpan.ToArray();

    /// <summary>Room for the next record; to be filled before the next call.</summary>
    public Span<byte> Next(int recordBytes)
    {
        if (_filled + recordBytes > _page.Length)
        {
            Flush();
        }

        var record = _page.AsSpan(_filled, recordBytes);
        _filled += recordBytes;
        return record;
    }

    /// <summary>Ends the page, if one is begun; the next record starts another.</summary>
    public void Flush()
    {
        if (_filled == 0)
        {
            return;
        }

        _fences.Write(_page.AsSpan(0, Id256.SizeBytes));
        sealer.Seal(isLast: false, claim: default, _page, _stored);
        Span<byte> hash = stackalloc byte[Id256.SizeBytes];
        ContentHash.Of(_stored).Value.CopyTo(hash);
        _hashes.Write(hash);
        destination.Write(_stored);
        _page.AsSpan().Clear();
        _filled = 0;
    }

    /// <summary>The first 32 bytes of each page since the last call, joined.</summary>
    public byte[] TakeFences()
    {
        var fences = _fences.WrittenSpan.ToArray();
        _fences.ResetWrittenCount();
        return fences;
    }
}
