using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Counts what became of each entry. Used by one thread.</summary>
internal sealed class RestoreTally(ProgressCounters counters)
{
    private readonly List<EntryFault> _faults = [];
    private readonly List<EntryFault> _linksOutside = [];
    private long _files;
    private long _folders;
    private long _others;
    private long _bytes;
    private long _skipped;
    private long _kept;

    internal long Entries { get; private set; }

    internal IReadOnlyList<EntryFault> Faults => _faults;

    internal IReadOnlyList<EntryFault> LinksOutside => _linksOutside;

    internal void Add(EntryFault fault)
    {
        _faults.Add(fault);
        counters.AddFault();
    }

    /// <summary>Counts an entry when its fate is decided; files, links and folders count when they are complete.</summary>
    internal void Add(Preparation preparation)
    {
        Entries++;
        if (preparation.Verdict == PrepareVerdict.Skipped)
        {
            // The user asked for that: no fault.
            _skipped++;
            return;
        }

        AddAll(preparation.Faults);
        switch (preparation.Verdict)
        {
            case PrepareVerdict.Done:
                _others++;
                break;
            case PrepareVerdict.Kept:
                _kept++;
                break;
        }
    }

    internal void Add(DestinationEntry entry, EntryOutcome outcome)
    {
        AddAll(outcome.Faults);
        if (!outcome.IsRestored)
        {
            return;
        }

        if (entry.Metadata.Kind == EntryKind.Directory)
        {
            _folders++;
            return;
        }

        if (entry.Metadata.Kind != EntryKind.File)
        {
            _others++;
            return;
        }

        _files++;
        _bytes += entry.Metadata.SizeBytes;
        counters.AddFile();
    }

    internal RestoreResult ToResult(Snapshot snapshot, TimeSpan elapsed) => new()
    {
        Snapshot = snapshot,
        Files = _files,
        Folders = _folders,
        Others = _others,
        Bytes = _bytes,
        Skipped = _skipped,
        Kept = _kept,
        Faults = _faults,
        LinksOutside = _linksOutside,
        Elapsed = elapsed,
    };

    private void AddAll(IReadOnlyList<DestinationFault> faults)
    {
        foreach (var fault in faults)
        {
            if (fault.Code == FaultCodes.LinkPointsOutside)
            {
                // The link is back as it was: nothing is lost, but whoever follows it should know.
                _linksOutside.Add(EntryFault.Of(fault));
            }
            else
            {
                Add(EntryFault.Of(fault));
            }
        }
    }
}

/// <summary>What a restore did. It is whole exactly when <see cref="Faults"/> is empty.</summary>
public sealed record RestoreResult
{
    public required Snapshot Snapshot { get; init; }

    /// <summary>Files written: counted as a backup counts them, each once.</summary>
    public required long Files { get; init; }

    public required long Folders { get; init; }

    /// <summary>Further names of files, symbolic links, devices and the like.</summary>
    public required long Others { get; init; }

    /// <summary>Content of the files written.</summary>
    public required long Bytes { get; init; }

    /// <summary>Entries that the overwrite mode protected.</summary>
    public required long Skipped { get; init; }

    /// <summary>Entries that were there already and the same.</summary>
    public required long Kept { get; init; }

    public required IReadOnlyList<EntryFault> Faults { get; init; }

    /// <summary>Symbolic links that were restored as they were and point out of the destination.</summary>
    public required IReadOnlyList<EntryFault> LinksOutside { get; init; }

    public required TimeSpan Elapsed { get; init; }
}
