using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Sources;

/// <summary>
/// Content behind an open handle. It ends at the size that the handle showed when it was opened; only what claims to be empty is
/// read to its end (files under <c>/proc</c>), and then a length that is not the size makes it changed. Holes are never read.
/// </summary>
internal sealed class HandleContent(
    SafeFileHandle handle, FileSystemEntry entry, EntryStat first, EntryMetadata metadata, Func<SafeFileHandle, FileSystemEntry, EntryStat> look) : SourceContent
{
    private long _position;
    private int _nextHole;
    private bool _isAtEnd;

    public override EntryMetadata Metadata => metadata;

    public override EntryIdentity Identity { get; } = first.ToIdentity();

    public override SourceFault? AttributeFault { get; init; }

    public override int Read(Span<byte> destination)
    {
        if (destination.IsEmpty)
        {
            return 0;
        }

        var limit = metadata.SizeBytes == 0 ? long.MaxValue : metadata.SizeBytes;
        var holes = metadata.Holes;
        while (_nextHole < holes.Count && holes[_nextHole].Offset + holes[_nextHole].LengthBytes <= _position)
        {
            _nextHole++;
        }

        var count = (int)Math.Min(destination.Length, limit - _position);
        if (_nextHole < holes.Count && holes[_nextHole].Offset <= _position)
        {
            count = (int)Math.Min(count, holes[_nextHole].Offset + holes[_nextHole].LengthBytes - _position);
            destination[..count].Clear();
        }
        else
        {
            count = _nextHole < holes.Count ? (int)Math.Min(count, holes[_nextHole].Offset - _position) : count;
            count = count == 0 ? 0 : ReadAt(handle, destination[..count]);
        }

        _position += count;
        _isAtEnd |= count == 0;
        return count;
    }

    public override bool IsUnchanged()
    {
        var now = look(handle, entry);
        return now.ShowsSameContentAs(first) && (!_isAtEnd || _position == metadata.SizeBytes);
    }

    public static byte[] ReadHead(SafeFileHandle handle, string path, int maxBytes)
    {
        var head = new byte[maxBytes];
        var length = 0;
        while (length < maxBytes)
        {
            try
            {
                var count = RandomAccess.Read(handle, head.AsSpan(length), length);
                if (count == 0)
                {
                    break;
                }

                length += count;
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                throw Refused(path, failure);
            }
        }

        return head[..length];
    }

    protected override void Dispose(bool disposing) => handle.Dispose();

    /// <summary>The path for people, which joins the names of all folders above, is made only when somebody must be told it.</summary>
    private int ReadAt(SafeFileHandle file, Span<byte> destination)
    {
        try
        {
            return RandomAccess.Read(file, destination, _position);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw Refused(entry.DisplayPath, failure);
        }
    }

    private static SourceFaultException Refused(string path, Exception failure)
    {
        var code = OperatingSystem.IsWindows() ? WindowsFaults.CodeOf(failure.HResult & 0xFFFF) : FaultCodes.EntryUnreadable;
        return new SourceFaultException(new SourceFault(code, path, failure.Message), failure);
    }
}
