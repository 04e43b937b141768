using SecureBackup.Bench.Samples;

namespace SecureBackup.Bench.SideBySide;

/// <summary>A figure for a restore that differs would be worth nothing.</summary>
internal static class RestoredTree
{
    /// <param name="destination">Holds the set's folder, at whatever depth the tool puts it.</param>
    /// <exception cref="InvalidOperationException">A file is missing or differs.</exception>
    internal static void RequireSame(SampleSet set, string destination)
    {
        var root = Directory.Exists(Path.Combine(destination, Path.GetFileName(set.Folder))) ? Path.Combine(destination, Path.GetFileName(set.Folder)) : Path.Combine(destination, set.Folder.TrimStart('/'));
        var (expected, restored) = (new byte[1 << 20], new byte[1 << 20]);
        foreach (var path in set.Files)
        {
            var copy = Path.Combine(root, Path.GetRelativePath(set.Folder, path));
            if (!File.Exists(copy) || !IsSame(path, copy, expected, restored))
            {
                throw new InvalidOperationException($"'{path}' came back changed as '{copy}'.");
            }
        }
    }

    private static bool IsSame(string left, string right, byte[] leftBuffer, byte[] rightBuffer)
    {
        using var leftFile = File.OpenHandle(left);
        using var rightFile = File.OpenHandle(right);
        if (RandomAccess.GetLength(leftFile) != RandomAccess.GetLength(rightFile))
        {
            return false;
        }

        for (long offset = 0; ;)
        {
            var count = RandomAccess.Read(leftFile, leftBuffer, offset);
            if (count == 0)
            {
                return true;
            }

            if (RandomAccess.Read(rightFile, rightBuffer.AsSpan(0, count), offset) != count || !leftBuffer.AsSpan(0, count).SequenceEqual(rightBuffer.AsSpan(0, count)))
            {
                return false;
            }

            offset += count;
        }
    }
}
