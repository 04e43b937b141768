using System.Management.Automation;
using SecureBackup.Engine.Entries;

namespace SecureBackup.PowerShell.Binding;

/// <summary>
/// Which entries of a snapshot are wanted. Without paths: the roots, with recursion everything. A path without wildcards: a file
/// itself, or what is in a folder, as Get-ChildItem does. With wildcards: what matches as a whole path, where <c>*</c> also
/// crosses folders, or, without a slash in the pattern, as a name anywhere. Case does not matter in patterns, and in paths only on Linux.
/// </summary>
internal sealed class ItemSearch
{
    private static readonly StringComparison PathComparison =
        OperatingSystem.IsLinux() ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    private readonly bool _isRecursive;
    private readonly List<Wanted> _wanted;

    public ItemSearch(IReadOnlyList<string> paths, bool isRecursive)
    {
        _isRecursive = isRecursive;
        _wanted = [.. paths.Select(path => new Wanted(path))];
    }

    /// <summary>Where everything that is wanted lies, when that is certainly one place: pages elsewhere need no reading.</summary>
    public EntryPath? Scope => _wanted is [{ Pattern: null } only] && PathComparison == StringComparison.Ordinal
        ? new EntryPath([.. only.Path.Split('/').Select(EntryName.FromDisplay)])
        : null;

    /// <summary>Paths without wildcards that no entry had.</summary>
    public IEnumerable<string> NotFound => _wanted.Where(wanted => wanted is { Pattern: null, IsFound: false }).Select(wanted => wanted.Given);

    public bool Takes(EntryPath path, bool isFolder)
    {
        if (_wanted.Count == 0)
        {
            return _isRecursive || path.Depth == 1;
        }

        var text = path.ToString();
        var isTaken = false;
        foreach (var wanted in _wanted)
        {
            isTaken |= wanted.Pattern is null ? TakesLiteral(wanted, text, isFolder) : TakesPattern(wanted, text);
        }

        return isTaken;
    }

    private bool TakesLiteral(Wanted wanted, string text, bool isFolder)
    {
        if (string.Equals(text, wanted.Path, PathComparison))
        {
            wanted.IsFound = true;
            return !isFolder;
        }

        return text.StartsWith(wanted.Prefix, PathComparison)
            && (_isRecursive || !text.AsSpan(wanted.Prefix.Length).Contains('/'));
    }

    private bool TakesPattern(Wanted wanted, string text)
    {
        if (_isRecursive && wanted.Folders.Any(folder => text.StartsWith(folder, StringComparison.Ordinal)))
        {
            return true;
        }

        var subject = wanted.IsName ? text[(text.LastIndexOf('/') + 1)..] : text;
        // Names may hold brackets and stars: a path that was copied from a listing names what it names.
        if (!wanted.Pattern!.IsMatch(subject) && !string.Equals(text, wanted.Path, PathComparison))
        {
            return false;
        }

        if (_isRecursive)
        {
            // Entries come folders first, so only the folder that is being walked can hold what comes next.
            wanted.Folders.RemoveAll(folder => !text.StartsWith(folder, StringComparison.Ordinal));
            wanted.Folders.Add(text + "/");
        }

        return true;
    }

    private sealed class Wanted
    {
        public Wanted(string given)
        {
            Given = given;
            Path = (OperatingSystem.IsWindows() ? given.Replace('\\', '/') : given).Trim('/');
            Path = Path.StartsWith("./", StringComparison.Ordinal) ? Path[2..] : Path;
            Prefix = Path + "/";
            Pattern = WildcardPattern.ContainsWildcardCharacters(given) ? WildcardPattern.Get(Path, WildcardOptions.IgnoreCase) : null;
            IsName = !Path.Contains('/');
        }

        public string Given { get; }

        public string Path { get; }

        public string Prefix { get; }

        public WildcardPattern? Pattern { get; }

        public bool IsName { get; }

        public bool IsFound { get; set; }

        public List<string> Folders { get; } = [];
    }
}
