namespace SecureBackup.Bench.Samples;

/// <summary>Copies regular files, each under its whole path, until a size is reached; the same file is taken once.</summary>
internal sealed class SampleCopy(string folder, long maxBytes)
{
    private long _bytes;

    /// <summary>No links, no devices; what may not be read is passed over.</summary>
    internal static EnumerationOptions RegularFiles { get; } = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint | FileAttributes.Device, IgnoreInaccessible = true };

    internal void Add(string source)
    {
        if (!Directory.Exists(source))
        {
            return;
        }

        foreach (var file in new DirectoryInfo(source).EnumerateFiles("*", RegularFiles).OrderBy(static file => file.FullName, StringComparer.Ordinal))
        {
            if (_bytes >= maxBytes)
            {
                return;
            }

            _bytes += TryCopy(file.FullName);
        }
    }

    /// <returns>Bytes copied.</returns>
    internal long TryCopy(string file)
    {
        var copy = Path.Combine(folder, file.TrimStart(Path.DirectorySeparatorChar));
        if (File.Exists(copy))
        {
            return 0;
        }

        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            using var from = File.OpenRead(file);
            using var to = File.Create(copy);
            from.CopyTo(to);
            return to.Length;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            File.Delete(copy);
            return 0;
        }
    }
}
