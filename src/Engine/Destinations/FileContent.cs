using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Destinations;

/// <summary>The content of an open file: written around its holes, and read back whole.</summary>
internal static class FileContent
{
    /// <summary>Hole hints come from outside: what is not zero is written, whatever they say.</summary>
    public static void WriteAroundHoles(DestinationSystem host, SafeFileHandle handle, IReadOnlyList<FileExtent> holes, long offset, ReadOnlySpan<byte> bytes)
    {
        for (var i = FirstHoleEndingAfter(holes, offset); i < holes.Count && !bytes.IsEmpty; i++)
        {
            var start = Math.Clamp(holes[i].Offset - offset, 0, bytes.Length);
            var length = Math.Clamp(holes[i].LengthBytes - Math.Max(0, offset - holes[i].Offset), 0, bytes.Length - start);
            if (bytes.Slice((int)start, (int)length).ContainsAnyExcept((byte)0))
            {
                continue;
            }

            host.Write(handle, offset, bytes[..(int)start]);
            bytes = bytes[(int)(start + length)..];
            offset += start + length;
        }

        host.Write(handle, offset, bytes);
    }

    public static void Read(DestinationSystem host, SafeFileHandle handle, long offset, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = host.Read(handle, offset, bytes);
            if (count == 0)
            {
                throw new FolderException(FolderError.DeviceFailed, "the temporary file is shorter than what was written to it");
            }

            offset += count;
            bytes = bytes[count..];
        }
    }

    private static int FirstHoleEndingAfter(IReadOnlyList<FileExtent> holes, long offset)
    {
        var (low, high) = (0, holes.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (holes[middle].Offset + holes[middle].LengthBytes <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
