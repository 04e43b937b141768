using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Chooses entries of a snapshot by the patterns that a backup's rules use (<see cref="ExcludeRules"/>), anchored at the snapshot's top: an entry is
/// taken when it or a folder above it matches. No patterns take everything.
/// </summary>
public sealed class EntryFilter
{
    private readonly ExcludeRules _rules;
    private readonly bool _ignoresCase;

    public EntryFilter(IEnumerable<string> patterns)
    {
        var list = patterns.ToList();
        _ignoresCase = !OperatingSystem.IsLinux();
        _rules = ExcludeRules.Parse(list, _ignoresCase);
        Scope = _ignoresCase ? null : ScopeOf(list);
    }

    public bool TakesAll => _rules.IsEmpty;

    /// <summary>Where everything that may be taken lies; null where that is not one place.</summary>
    public EntryPath? Scope { get; }

    /// <summary>
    /// The folder or file that all literal patterns have in common. A pattern without a slash in it matches anywhere, so only those that name a way from the top
    /// count; patterns that take back narrow and never widen.
    /// </summary>
    private static EntryPath? ScopeOf(IEnumerable<string> patterns)
    {
        List<byte[]>? common = null;
        foreach (var pattern in patterns.Where(static pattern => !pattern.StartsWith('!')))
        {
            var way = pattern.Trim('/').Split('/');
            var isAnchored = pattern.StartsWith('/') || way.Length > 1;
            if (!isAnchored)
            {
                return null;
            }

            var literal = way.TakeWhile(static part => part.Length > 0 && !part.AsSpan().ContainsAny("*?[\\")).Select(System.Text.Encoding.UTF8.GetBytes).ToList();
            var shared = common is null ? literal : [.. common.Zip(literal).TakeWhile(static pair => pair.First.AsSpan().SequenceEqual(pair.Second)).Select(static pair => pair.First)];
            common = shared;
        }

        return common is { Count: > 0 } ? new EntryPath([.. common]) : null;
    }

    public bool Takes(EntryPath path, EntryKind kind)
    {
        if (_rules.IsEmpty)
        {
            return true;
        }

        var components = path.Components.Select(component => PatternText.Decode(component, _ignoresCase)).ToArray();
        var isTaken = false;
        for (var depth = 1; depth <= components.Length; depth++)
        {
            var isFolder = depth < components.Length || kind == EntryKind.Directory;
            isTaken = _rules.Match(components.AsSpan(0, depth), isFolder) ?? isTaken;
        }

        return isTaken;
    }
}
