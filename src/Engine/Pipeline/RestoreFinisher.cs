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
    private readonly Stack<Preparation> _openFolders = new();
    private readonly List<Preparation> _passedFolders = [];
    private readonly List<Preparation> _links = [];

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
            parts.Result.Add(link.Entry, parts.Destination.Link(link));
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

            parts.Result.Add(file, file.File.Complete());
        }
    }
}
