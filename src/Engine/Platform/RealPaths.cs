namespace SecureBackup.Engine.Platform;

/// <summary>Where a path leads in truth.</summary>
public static class RealPaths
{
    /// <summary>As many as Linux follows; links in a circle end here.</summary>
    private const int MaxLinks = 40;

    /// <summary>With every link on the way resolved, as far as the way exists.</summary>
    /// <exception cref="IOException">The way leads in a circle.</exception>
    public static string Of(string path) => Of(Path.GetFullPath(path), MaxLinks);

    private static string Of(string full, int left)
    {
        var real = Path.GetPathRoot(full)!;
        foreach (var component in full[real.Length..].Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries))
        {
            var next = Path.Combine(real, component);
            if (new DirectoryInfo(next).LinkTarget is { } target)
            {
                // The way that the link names may lead through links again.
                next = left > 0 ? Of(Path.GetFullPath(target, real), left - 1) : throw new IOException($"Too many links on the way to '{full}'.");
            }

            real = next;
        }

        return real;
    }
}
