using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Tells what became of files, and ends what could not be ended at once, in the order that attributes need: after the files further names of them, then folders from
/// the inside out, since everything before changes their times.
/// </summary>
internal sealed class RestoreFinisher(RestoreParts parts)
{
    /// <summary>A tree of folders alone, or one in which every file is right, fills no batch.</summary>
    private const int MaxWaiting = 4096;

    private readonly Stack<Preparation> _openFolders = new();
    private readonly List<Preparation> _passedFolders = [];
    private readonly List<Preparation> _links = [];
    private readonly List<Preparation> _linksInTheWay = [];
    private bool _defers = parts.DefersWhatIsInTheWay;

    internal bool IsFull => _passedFolders.Count + _links.Count >= MaxWaiting;

    internal void AddFolder(Preparation folder) => _openFolders.Push(folder);

    internal void AddLink(Preparation link) => _links.Add(link);

    /// <summary>The walk has reached <paramref name="path"/>: folders that do not hold it get nothing more.</summary>
    internal void Pass(EntryPath path)
    {
        while (_openFolders.TryPeek(out var folder) && !folder.Entry.Path.IsAncestorOrSelfOf(path))
        {
            _passedFolders.Add(_openFolders.Pop());
        }
    }

    internal void FinishFiles(IEnumerable<RestoringFile> files)
    {
        foreach (var file in files)
        {
            Finish(file);
        }
    }

    /// <summary>Names whose place a folder held: it is gone, or they are told now.</summary>
    internal IReadOnlyList<EntryPath> RetryLinks()
    {
        _defers = false;
        var paths = _linksInTheWay.Select(static link => link.Entry.Path).ToList();
        _links.AddRange(_linksInTheWay);
        _linksInTheWay.Clear();
        return paths;
    }

    /// <summary>What the walk has passed since this was last asked for: to be finished after every file before it.</summary>
    internal PassedEntries TakePassed()
    {
        var passed = new PassedEntries([.. _links], [.. _passedFolders]);
        _links.Clear();
        _passedFolders.Clear();
        return passed;
    }

    internal void FinishPassed(PassedEntries passed)
    {
        foreach (var link in passed.Links)
        {
            var outcome = parts.Destination.Link(link);
            if (_defers && outcome.Faults is [{ Code: var code }, ..] && code == FaultCodes.EntryInTheWay)
            {
                _linksInTheWay.Add(link);
            }
            else
            {
                parts.Result.Add(link.Entry, outcome);
            }
        }

        foreach (var folder in passed.Folders)
        {
            parts.Result.Add(folder.Entry, parts.Destination.CompleteFolder(folder));
        }
    }

    internal void FinishAll()
    {
        while (_openFolders.TryPop(out var folder))
        {
            _passedFolders.Add(folder);
        }

        FinishPassed(TakePassed());
    }

    private void Finish(RestoringFile file)
    {
        if (file.Fault is { } fault)
        {
            parts.Result.AddFailed(file.Preparation.Entry, fault);
            return;
        }

        var outcome = file.Outcome ?? throw new InvalidOperationException($"'{file.Preparation.Entry.Path}' was not written whole, and nothing said so.");
        parts.Result.Add(file, outcome);
        parts.Journal?.Add(file.Preparation.Entry.Path, outcome.Stamp);
    }
}

/// <summary>Further names, and folders whose every entry the walk has seen.</summary>
internal sealed record PassedEntries(IReadOnlyList<Preparation> Links, IReadOnlyList<Preparation> Folders);
