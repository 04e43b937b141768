using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Destinations;

/// <summary>Where a stored symbolic link points, judged by its text alone: what is there now says nothing about later.</summary>
internal static class LinkRules
{
    public static bool PointsOutside(EntryPath link, ReadOnlySpan<byte> target, NameOrigin origin)
    {
        var fromWindows = origin == NameOrigin.Wtf8;
        if (target.IsEmpty || IsSeparator(target[0], fromWindows) || (fromWindows && target.Contains((byte)':')))
        {
            return true;
        }

        // The destination itself is depth 0; a link lies in its parent.
        var depth = link.Depth - 1;
        while (!target.IsEmpty)
        {
            var length = 0;
            while (length < target.Length && !IsSeparator(target[length], fromWindows))
            {
                length++;
            }

            var part = target[..length];
            if (part.SequenceEqual(".."u8))
            {
                depth--;
            }
            else if (!part.IsEmpty && !part.SequenceEqual("."u8))
            {
                depth++;
            }

            if (depth < 0)
            {
                return true;
            }

            target = target[Math.Min(length + 1, target.Length)..];
        }

        return false;
    }

    private static bool IsSeparator(byte value, bool fromWindows) => value == '/' || (fromWindows && value == '\\');
}
