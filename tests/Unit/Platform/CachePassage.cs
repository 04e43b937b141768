using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Platform;

/// <summary>Whether bytes go past the page cache in a folder: not on every file system, and on some only as its options are.</summary>
internal static class CachePassage
{
    internal static bool IsPossibleIn(string folder)
    {
        using var buffer = OwnedBuffer.Rent(1024 * 1024);
        buffer.Span.Fill(1);
        using var file = File.OpenHandle(Path.Combine(folder, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, FileOptions.DeleteOnClose);
        return DirectIo.Write(file, buffer.Span) && DirectIo.CanRead(file, 0, buffer.Span) && !DirectIo.IsInCache(file, 0, buffer.LengthBytes);
    }
}
