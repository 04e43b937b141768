using System.Security.Cryptography;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>Bytes of an object on their way to their file. One that was not written to its end leaves nothing.</summary>
internal sealed class HostCacheFile : Stream
{
    private readonly HostObjectCache _cache;
    private readonly ObjectStat _stat;
    private readonly string _path;
    private readonly string _temporary;
    private readonly FileStream _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private bool _hasFailed;

    public HostCacheFile(HostObjectCache cache, ObjectStat stat, string path)
    {
        (_cache, _stat, _path) = (cache, stat, path);
        _temporary = DurableFile.TemporaryBeside(path);
        var creation = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            creation.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        _file = new FileStream(_temporary, creation);
        _file.Position = HostObjectCache.HashBytes;
    }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => _file.Position - HostObjectCache.HashBytes; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (_hasFailed)
        {
            return;
        }

        try
        {
            _file.Write(buffer);
            _hash.AppendData(buffer);
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            _hasFailed = true;
            _cache.Break(exception);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
        // Nothing is buffered, and what a power cut takes is fetched again.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        var isKept = false;
        try
        {
            var isWhole = !_hasFailed && _file.Position == HostObjectCache.HashBytes + _stat.LengthBytes;
            if (isWhole)
            {
                _file.Position = 0;
                _file.Write(_hash.GetHashAndReset());
            }

            _file.Dispose();
            if (isWhole)
            {
                File.Move(_temporary, _path, overwrite: true);
                isKept = true;
                _cache.Took(_stat, _path);
            }
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            _cache.Break(exception);
        }

        End(isKept);
        base.Dispose(disposing);
    }

    /// <summary>Neither a handle nor a file without a name stays, whatever the disk did.</summary>
    private void End(bool isKept)
    {
        _hash.Dispose();
        try
        {
            _file.Dispose();
            if (!isKept)
            {
                File.Delete(_temporary);
            }
        }
        catch (Exception exception) when (LocalFaults.IsFileError(exception))
        {
            _cache.Break(exception);
        }
    }
}
