using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Ends what could not be ended at once, in the order that attributes need: files, then further names of files, then folders from
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

    /// <summary>On the way out of a failure: whatever of these files is whole, as far as the destination still lets it.</summary>
    internal void FinishWritten(IEnumerable<RestoringFile> files)
    {
        try
        {
            FinishFiles(files.Where(static file => file is { IsWritten: true, HasFailed: false }));
        }
        catch (DestinationException)
        {
            // The failure that led here is the one to report.
        }
    }

    /// <summary>What the walk has passed; every file before it must be finished.</summary>
    internal void FinishPassed()
    {
        foreach (var link in _links)
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

        foreach (var folder in _passedFolders)
        {
            parts.Result.Add(folder.Entry, parts.Destination.CompleteFolder(folder));
        }

        _links.Clear();
        _passedFolders.Clear();
    }

    internal void FinishAll()
    {
        while (_openFolders.TryPop(out var folder))
        {
            _passedFolders.Add(folder);
        }

        FinishPassed();
    }

    private void Finish(RestoringFile file)
    {
        using (file.File)
        {
            if (file.Fault is { } fault)
            {
                file.File.Abandon();
                parts.Result.AddFailed(file.Preparation.Entry, fault);
                return;
            }

            if (!file.IsWritten)
            {
                throw new InvalidOperationException($"'{file.Preparation.Entry.Path}' was not written whole, and nothing said so.");
            }

            var outcome = file.File.Complete();
            parts.Result.Add(file, outcome);
            parts.Journal?.Add(file.Preparation.Entry.Path, outcome.Stamp);
        }
    }
}
