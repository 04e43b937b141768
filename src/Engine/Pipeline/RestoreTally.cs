using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Counts what became of each entry, and tells each verdict to whoever listens. Used by one thread.</summary>
internal sealed class RestoreTally(ProgressCounters counters, Action<RestoredEntry>? listener)
{
    private readonly List<EntryFault> _faults = [];
    private readonly List<EntryFault> _linksOutside = [];
    private long _files;
    private long _folders;
    private long _others;
    private long _bytes;
    private long _skipped;
    private long _kept;
    private long _patched;
    private long _metadataOnly;
    private long _failed;
    private long _deleted;
    private long _fetched;
    private long _reused;

    internal long Entries { get; private set; }

    internal IReadOnlyList<EntryFault> Faults => _faults;

    internal IReadOnlyList<EntryFault> LinksOutside => _linksOutside;

    internal void Add(EntryFault fault)
    {
        _faults.Add(fault);
        counters.AddFault();
    }

    /// <summary>An entry that is not there.</summary>
    internal void AddFailed(DestinationEntry entry, EntryFault fault)
    {
        Add(fault);
        Tell(entry, RestoreVerdict.Failed, fault);
    }

    /// <summary>A file whose content stood there and is right.</summary>
    internal void AddSettled(DestinationEntry entry, EntryOutcome outcome)
    {
        var fault = AddAll(outcome.Faults);
        if (!outcome.IsRestored)
        {
            Tell(entry, RestoreVerdict.Failed, fault);
            return;
        }

        counters.AddFile();
        counters.AddBytesRead(entry.Metadata.SizeBytes);
        Tell(entry, VerdictOf(outcome), fault);
    }

    /// <summary>A file that was written.</summary>
    internal void Add(RestoringFile file, EntryOutcome outcome)
    {
        var entry = file.Preparation.Entry;
        var fault = AddAll(outcome.Faults);
        if (!outcome.IsRestored)
        {
            Tell(entry, RestoreVerdict.Failed, fault);
            return;
        }

        _files++;
        _bytes += entry.Metadata.SizeBytes;
        counters.AddFile();
        Tell(entry, file.ReusedBytes > 0 ? RestoreVerdict.Patched : RestoreVerdict.Restored, fault, file.FetchedBytes, file.ReusedBytes);
    }

    /// <summary>Counts an entry when its fate is decided; files, links and folders count when they are complete.</summary>
    internal void Add(Preparation preparation)
    {
        Entries++;
        if (preparation.Verdict == PrepareVerdict.Skipped)
        {
            // The user asked for that: no fault.
            Tell(preparation.Entry, RestoreVerdict.Skipped, fault: null);
            return;
        }

        var fault = AddAll(preparation.Faults);
        switch (preparation.Verdict)
        {
            case PrepareVerdict.Done:
                _others++;
                Tell(preparation.Entry, RestoreVerdict.Restored, fault);
                break;
            case PrepareVerdict.Kept:
                Tell(preparation.Entry, RestoreVerdict.Unchanged, fault);
                break;
            case PrepareVerdict.Refused:
                Tell(preparation.Entry, RestoreVerdict.Failed, fault);
                break;
        }
    }

    /// <summary>A folder that got its attributes a second time: only what it lacks is news.</summary>
    internal void AddAgain(EntryOutcome outcome) => AddAll(outcome.Faults);

    /// <summary>What was not in the snapshot; with a fault where it could not be removed.</summary>
    internal void AddRemoved(Extra extra, DestinationFault? fault)
    {
        var listed = fault is null ? null : EntryFault.Of(fault);
        if (listed is not null)
        {
            Add(listed);
        }

        Tell(new DestinationEntry(extra.Path, default, extra.Metadata), listed is null ? RestoreVerdict.Deleted : RestoreVerdict.Skipped, listed);
    }

    /// <summary>A folder or a further name.</summary>
    internal void Add(DestinationEntry entry, EntryOutcome outcome)
    {
        var fault = AddAll(outcome.Faults);
        if (!outcome.IsRestored)
        {
            var isLeft = fault?.Code == FaultCodes.EntryExists;
            Tell(entry, isLeft ? RestoreVerdict.Skipped : RestoreVerdict.Failed, fault);
            return;
        }

        if (outcome.Change != EntryChange.None)
        {
            (_folders, _others) = entry.Metadata.Kind == EntryKind.Directory ? (_folders + 1, _others) : (_folders, _others + 1);
        }

        Tell(entry, VerdictOf(outcome), fault);
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
        Patched = _patched,
        MetadataOnly = _metadataOnly,
        Failed = _failed,
        Deleted = _deleted,
        FetchedBytes = _fetched,
        ReusedBytes = _reused,
        Faults = _faults,
        LinksOutside = _linksOutside,
        Elapsed = elapsed,
    };

    private static RestoreVerdict VerdictOf(EntryOutcome outcome) => outcome.Change switch
    {
        EntryChange.None => RestoreVerdict.Unchanged,
        EntryChange.Attributes => RestoreVerdict.MetadataOnly,
        _ => RestoreVerdict.Restored,
    };

    private void Tell(DestinationEntry entry, RestoreVerdict verdict, EntryFault? fault, long fetched = 0, long reused = 0)
    {
        var kind = entry.Metadata.Kind;
        switch (verdict)
        {
            case RestoreVerdict.Unchanged: _kept++; break;
            case RestoreVerdict.Patched: _patched++; break;
            case RestoreVerdict.MetadataOnly: _metadataOnly++; break;
            case RestoreVerdict.Failed: _failed++; break;
            case RestoreVerdict.Deleted: _deleted++; break;
            case RestoreVerdict.Skipped: _skipped++; break;
        }

        _fetched += fetched;
        _reused += reused;
        listener?.Invoke(new RestoredEntry(entry.Path, kind, verdict, fetched, reused) { Fault = fault });
    }

    /// <returns>The first that is one.</returns>
    private EntryFault? AddAll(IReadOnlyList<DestinationFault> faults)
    {
        EntryFault? first = null;
        foreach (var fault in faults)
        {
            if (fault.Code == FaultCodes.LinkPointsOutside)
            {
                // The link is back as it was: nothing is lost, but whoever follows it should know.
                _linksOutside.Add(EntryFault.Of(fault));
            }
            else
            {
                var listed = EntryFault.Of(fault);
                Add(listed);
                first ??= listed;
            }
        }

        return first;
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

    /// <summary>Of the files written: those that were built from what stood there and what came from the vault.</summary>
    public long Patched { get; init; }

    /// <summary>Entries that only got other attributes.</summary>
    public long MetadataOnly { get; init; }

    public long Failed { get; init; }

    /// <summary>Entries that are not in the snapshot and were removed.</summary>
    public long Deleted { get; init; }

    /// <summary>Content that came from the vault.</summary>
    public long FetchedBytes { get; init; }

    /// <summary>Content that stood at the destination already, in files that were built anew.</summary>
    public long ReusedBytes { get; init; }

    public required IReadOnlyList<EntryFault> Faults { get; init; }

    /// <summary>Symbolic links that were restored as they were and point out of the destination.</summary>
    public required IReadOnlyList<EntryFault> LinksOutside { get; init; }

    /// <inheritdoc cref="BackupResult.Traffic"/>
    public TargetTraffic Traffic { get; init; } = TargetTraffic.None;

    public required TimeSpan Elapsed { get; init; }
}
