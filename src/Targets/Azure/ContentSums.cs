using System.Security.Cryptography;
using SecureBackup.Targets.Checksums;

namespace SecureBackup.Targets.Azure;

/// <summary>Where a content goes to be summed up, block by block, in the one reading that proves what was announced of it.</summary>
internal sealed class ContentSums(long blockBytes, bool isMd5) : SumStream
{
    private readonly List<byte[]> _sums = [];
    private readonly IncrementalHash? _md5 = isMd5 ? NewMd5() : null;
    private Crc64Nvme _crc64 = new();
    private long _filled;

    /// <summary>Of each block, the last one too; of an empty content one.</summary>
    public IReadOnlyList<byte[]> Finish()
    {
        if (_filled > 0 || _sums.Count == 0)
        {
            Close(_filled);
        }

        return _sums;
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            var count = (int)Math.Min(buffer.Length, blockBytes - _filled);
            Append(buffer[..count]);
            buffer = buffer[count..];
            _filled += count;
            if (_filled == blockBytes)
            {
                Close(_filled);
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
        _md5?.Dispose();
        base.Dispose(disposing);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_md5 is { } md5)
        {
            md5.AppendData(bytes);
        }
        else
        {
            _crc64.Append(bytes);
        }
    }

    private void Close(long length)
    {
        _filled -= length;
        _sums.Add(_md5?.GetHashAndReset() ?? Crc64Nvme.ToLittleEndian(_crc64.Value));
        _crc64 = new Crc64Nvme();
    }

#pragma warning disable CA5351 // Against accidents on the way: what is stored is proved by other means.
    private static IncrementalHash NewMd5() => IncrementalHash.CreateHash(HashAlgorithmName.MD5);
#pragma warning restore CA5351
}
