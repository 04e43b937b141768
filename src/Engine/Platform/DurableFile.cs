using System.Security.Cryptography;

namespace SecureBackup.Engine.Platform;

public enum DurableWriteMode
{
    /// <summary>One atomic step that never replaces.</summary>
    IfAbsent,

    /// <summary>One atomic step after which readers see the old file or the new one, never a part.</summary>
    Replace,
}

/// <param name="UnixMode">Permissions from the first byte on, where the platform has them; Windows inherits those of the folder.</param>
public sealed record DurableWriteOptions(DurableWriteMode Mode, UnixFileMode? UnixMode = null)
{
    public static DurableWriteOptions IfAbsent { get; } = new(DurableWriteMode.IfAbsent);

    public static DurableWriteOptions Replace { get; } = new(DurableWriteMode.Replace);

    /// <summary>For key files: replaced as a whole, readable by their owner alone.</summary>
    public static DurableWriteOptions Private { get; } =
        new(DurableWriteMode.Replace, UnixFileMode.UserRead | UnixFileMode.UserWrite);
}

/// <summary>
/// The one durable file write: a temporary name in the same directory, the bytes, a flush to the device, the final name in one
/// atomic step, a flush of the directory. Once a write returned, file and name survive a power cut; one that threw or was
/// cancelled has left nothing under the final name (or, replacing, the old or the new file, whole).
/// A flush that fails condemns the file: the kernel may have dropped the pages, so a second flush would lie.
/// Errors are those of the file calls; errno stands in their <c>HResult</c>.
/// </summary>
public static class DurableFile
{
    private const string TemporaryPrefix = ".sb-tmp-";

    /// <summary>No write takes so long between two of its bytes; an older temporary belongs to a run that died.</summary>
    public static TimeSpan StaleAge { get; } = TimeSpan.FromDays(1);

    /// <summary>False where the name exists and <see cref="DurableWriteMode.IfAbsent"/> was asked: it is left as it is, and is durable.</summary>
    public static Task<bool> WriteAsync(string path, ReadOnlyMemory<byte> content, DurableWriteOptions options, CancellationToken cancellationToken) =>
        WriteAsync(path, (file, token) => file.WriteAsync(content, token).AsTask(), options, cancellationToken);

    /// <inheritdoc cref="WriteAsync(string, ReadOnlyMemory{byte}, DurableWriteOptions, CancellationToken)"/>
    /// <param name="write">Writes the content; if it throws, nothing is left.</param>
    public static async Task<bool> WriteAsync(
        string path, Func<Stream, CancellationToken, Task> write, DurableWriteOptions options, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var final = Path.GetFullPath(path);
        var directory = Path.GetDirectoryName(final) ?? throw new ArgumentException($"'{path}' names no file.", nameof(path));
        if (options.Mode == DurableWriteMode.IfAbsent && Path.Exists(final))
        {
            DirectorySync.Flush(directory);
            return false;
        }

        var temporary = TemporaryBeside(final);
        var isPublished = false;
        try
        {
            // A crash here leaves a temporary, which listings ignore and the sweep removes.
            await WriteTemporaryAsync(temporary, write, options, cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            isPublished = Publish(temporary, final, options.Mode);

            // A crash here leaves the whole file or none: its bytes were flushed before it got the name.
            DirectorySync.Flush(directory);
        }
        catch
        {
            TryDelete(temporary);
            if (isPublished && options.Mode == DurableWriteMode.IfAbsent)
            {
                TryDelete(final);
            }

            throw;
        }

        if (!isPublished)
        {
            TryDelete(temporary);
        }

        return isPublished;
    }

    internal static string TemporaryBeside(string path) => Path.Join(Path.GetDirectoryName(path), TemporaryPrefix + RandomNumberGenerator.GetHexString(32, lowercase: true));

    /// <summary>Whether a file name is one that a write in progress, or one that died, has given.</summary>
    public static bool IsTemporaryName(ReadOnlySpan<char> fileName) => fileName.StartsWith(TemporaryPrefix, StringComparison.Ordinal);

    /// <summary>Deletes the temporaries in a directory (not below) that are older than <see cref="StaleAge"/>; those it may not delete stay.</summary>
    public static int SweepTemporaries(string directory, DateTimeOffset now)
    {
        var swept = 0;
        foreach (var file in new DirectoryInfo(directory).EnumerateFiles(TemporaryPrefix + "*", new EnumerationOptions { AttributesToSkip = FileAttributes.None }))
        {
            if (now.UtcDateTime - file.LastWriteTimeUtc > StaleAge && TryDelete(file.FullName))
            {
                swept++;
            }
        }

        return swept;
    }

    private static async Task WriteTemporaryAsync(
        string temporary, Func<Stream, CancellationToken, Task> write, DurableWriteOptions options, CancellationToken cancellationToken)
    {
        var creation = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
            Options = FileOptions.Asynchronous,
        };
        if (options.UnixMode is { } mode && !OperatingSystem.IsWindows())
        {
            creation.UnixCreateMode = mode;
        }

        await using var file = new FileStream(temporary, creation);
        await write(file, cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        file.Flush(flushToDisk: true);
    }

    private static bool Publish(string temporary, string final, DurableWriteMode mode)
    {
        if (mode == DurableWriteMode.IfAbsent)
        {
            return ExclusiveMove.TryMove(temporary, final);
        }

        File.Move(temporary, final, overwrite: true);
        return true;
    }

    private static bool TryDelete(string path)
    {
        try
        {
            File.Delete(path);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The failure that led here is the one to report; what stays is swept a day later.
            return false;
        }
    }
}
