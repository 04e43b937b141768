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
        _ignoresCase = !OperatingSystem.IsLinux();
        _rules = ExcludeRules.Parse(patterns, _ignoresCase);
    }

    public bool TakesAll => _rules.IsEmpty;

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
