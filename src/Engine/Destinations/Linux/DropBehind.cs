using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Destinations.Linux;

/// <summary>
/// Lets the page cache go of what was written and read back, some way behind: a restore takes the same little memory over and over, and what the machine's other programs have there stays. Where a
/// virtual machine gives free memory back to its host, each page that was not used for a while costs 3 µs: 900 MB by way of new pages took a core 2.5 s, and 0.5 s behind this. Thread-safe.
/// </summary>
/// <remarks>Only hints: what is not on the disk when its turn comes stays in the cache, so a slow disk finds as much to do as ever.</remarks>
[SupportedOSPlatform("linux")]
internal sealed class DropBehind : IDisposable
{
    /// <summary>A disk that writes as fast as files come is done with a stretch by then.</summary>
    private const int LagBytes = 32 * 1024 * 1024;

    private const int MaxStretches = 64;

    private readonly Lock _gate = new();
    private readonly Queue<Stretch> _behind = new();
    private long _bytes;

    /// <param name="file">May be closed after that, and may have got its name.</param>
    internal void Add(SafeFileHandle file, long offset, long lengthBytes)
    {
        if (Stretch.TryOpen(file, offset, lengthBytes) is not { } stretch)
        {
            return;
        }

        lock (_gate)
        {
            _behind.Enqueue(stretch);
            _bytes += stretch.Weight;
        }

        while (TryTake(LagBytes, MaxStretches) is { } oldest)
        {
            oldest.Drop();
        }
    }

    public void Dispose() => DropAll();

    /// <summary>Keeps no file open any more.</summary>
    internal void DropAll()
    {
        while (TryTake(0, 0) is { } left)
        {
            left.Drop();
        }
    }

    private Stretch? TryTake(long keptBytes, int keptStretches)
    {
        lock (_gate)
        {
            if ((_bytes <= keptBytes && _behind.Count <= keptStretches) || !_behind.TryDequeue(out var oldest))
            {
                return null;
            }

            _bytes -= oldest.Weight;
            return oldest;
        }
    }

    private sealed record Stretch(SafeFileHandle File, long Offset, long LengthBytes)
    {
        /// <summary>Most of a long file was let go before.</summary>
        internal long Weight => Math.Min(LengthBytes, LagBytes / 2);

        /// <returns>Null where it cannot be opened to read.</returns>
        internal static Stretch? TryOpen(SafeFileHandle file, long offset, long lengthBytes)
        {
            var copy = LinuxWrite.OpenToRead(file);
            if (!copy.IsInvalid)
            {
                return new Stretch(copy, offset, lengthBytes);
            }

            copy.Dispose();
            return null;
        }

        internal void Drop()
        {
            using (File)
            {
                LinuxCalls.AdviseUnneeded(File, Offset, LengthBytes);
            }
        }
    }
}
