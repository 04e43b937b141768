using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;

namespace SecureBackup.Engine.Sources;

/// <summary>Finds the holes of an open sparse file: what lies between its allocated ranges.</summary>
[SupportedOSPlatform("windows")]
internal static class WindowsHoles
{
    public const uint SparseAttribute = 0x200;

    private const int RangesAtOnce = 1024;
    private const int MaxHoles = 65_536;

    public static IReadOnlyList<FileExtent> Find(SafeFileHandle handle, long sizeBytes)
    {
        var holes = new List<FileExtent>();
        var ranges = new long[RangesAtOnce * 2];
        long position = 0;
        for (var isMore = true; isMore && holes.Count < MaxHoles;)
        {
            long[] asked = [position, sizeBytes - position];
            var bytes = MemoryMarshal.AsBytes(ranges.AsSpan());
            var isWhole = WindowsCalls.Control(
                handle, WindowsCalls.QueryAllocatedRanges, MemoryMarshal.AsBytes(asked.AsSpan()), 16, bytes, (uint)bytes.Length, out var length, 0);
            isMore = !isWhole && Marshal.GetLastPInvokeError() == WindowsCalls.MoreData && length > 0;
            if (!isWhole && !isMore)
            {
                return holes;
            }

            for (var i = 0; i < length / 16; i++)
            {
                var (offset, end) = (ranges[i * 2], ranges[i * 2] + ranges[(i * 2) + 1]);
                if (offset > position)
                {
                    holes.Add(new FileExtent(position, offset - position));
                }

                position = Math.Max(position, end);
            }
        }

        if (position < sizeBytes && holes.Count < MaxHoles)
        {
            holes.Add(new FileExtent(position, sizeBytes - position));
        }

        return holes;
    }
}
