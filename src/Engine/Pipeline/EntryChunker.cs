using System.Threading.Channels;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Stage 2: takes entries in path order, merges them with the last run's listing, reads what is new or changed, and lists everything.
/// A fault costs its entry and never the run.
/// </summary>
internal sealed partial class EntryChunker : IDisposable
{
    private readonly EntryChunkerParts _parts;
    private readonly FreshTally _fresh;
    private readonly ContentWriter _data;
    private readonly ContentWriter _identities;
    private readonly Lazy<ContentWriter> _side;
    private readonly List<SourceFault> _faults = [];
    private readonly HashSet<EntryPath> _lostFirstNames = [];
    private CachedEntry? _before;
    private bool _isCacheSpent;
    private bool _isCacheDamaged;
    private long _idsOfEntry;

    /// <summary>Whether all attributes of the entry at hand could be read.</summary>
    private bool _hasWholeAttributes;

    internal EntryChunker(EntryChunkerParts parts, IChunker chunker)
    {
        _parts = parts;
        _fresh = new FreshTally(parts.Meter);
        var store = new ContentStore(parts.Store, _fresh);
        _data = new ContentWriter(chunker, store, ChunkClass.Data, Remember);
        _identities = new ContentWriter(chunker, parts.Store, ChunkClass.Page, null);
        _side = new Lazy<ContentWriter>(() => new ContentWriter(chunker, store, ChunkClass.Data, null));
        _isCacheSpent = parts.Previous is null;
    }

    internal EntryCounts Counts { get; } = new();

    internal IReadOnlyList<SourceFault> Faults => _faults;

    /// <summary>How many files have lost their content since a snapshot; null where the host's listing is not that snapshot's, or not whole.</summary>
    internal long? EmptiedSince(SnapshotSummary snapshot) =>
        _parts.Previous?.StartedAt == snapshot.StartedAt && !_isCacheDamaged ? Counts.EmptiedFiles : null;

    internal async Task RunAsync(ChannelReader<IReadOnlyList<SourceItem>> batches, CancellationToken cancellationToken)
    {
        await foreach (var batch in batches.ReadAllAsync(cancellationToken))
        {
            foreach (var item in batch)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (item.Fault is not null)
                {
                    Report(item.Fault);
                }

                if (item.Entry is not null)
                {
                    _hasWholeAttributes = item.Fault is null;
                    await TakeAsync(item.Entry, cancellationToken);
                }
            }
        }
    }

    internal ValueTask<ContentRef> FinishIdentitiesAsync(CancellationToken cancellationToken) => _identities.FinishAsync(cancellationToken);

    /// <summary>The faults as a content; null where there are none.</summary>
    internal async ValueTask<ContentRef?> StoreFaultsAsync(CancellationToken cancellationToken)
    {
        if (_faults.Count == 0)
        {
            return null;
        }

        foreach (var fault in _faults)
        {
            await _identities.WriteAsync(FaultListCodec.Encode(fault), cancellationToken);
        }

        return await _identities.FinishAsync(cancellationToken);
    }

    public void Dispose()
    {
        _data.Dispose();
        _identities.Dispose();
        if (_side.IsValueCreated)
        {
            _side.Value.Dispose();
        }
    }

    private async ValueTask TakeAsync(SourceEntry entry, CancellationToken cancellationToken)
    {
        _parts.Counters.SetCurrentItem(entry.Path);
        var before = Before(entry.Path);
        var isFile = entry.Metadata.Kind == EntryKind.File;
        if (isFile)
        {
            _parts.Counters.AddFile();
        }

        var isUnchanged = isFile && before is not null && await IsUnchangedAsync(entry, before, cancellationToken);
        if (isUnchanged && IsListedAlike(before!, entry))
        {
            await ListAsync(before!.SeenAs(entry.Identity), before, cancellationToken);
            return;
        }

        var (listed, identity) = isUnchanged ? ListUnchanged(entry, before!)
            : isFile ? await ReadFileAsync(entry, before, cancellationToken)
            : (Listed(entry, entry.Metadata), entry.Identity);
        if (listed is null || HasLostItsFile(listed))
        {
            return;
        }

        listed = await WithSideContentsAsync(listed, entry, cancellationToken);
        await ListAsync(CachedEntry.Of(listed, EntryCodec.Encode(listed), identity, _idsOfEntry, _hasWholeAttributes), before, cancellationToken);
    }

    private async ValueTask ListAsync(CachedEntry entry, CachedEntry? before, CancellationToken cancellationToken)
    {
        await _parts.Listing.AddAsync(entry.Path, entry.Encoded, cancellationToken);
        await WriteIdentityAsync(entry.Identity, cancellationToken);
        _parts.NextCache?.Add(entry);
        _idsOfEntry = 0;
        Counts.Count(entry, before);
    }

    /// <summary>
    /// Whether an unchanged file is listed as it was before, byte for byte. Its change time says that its attributes are the same too; mode and owner are compared all
    /// the same, since another way to mount a file system, or another account, shows them differently.
    /// </summary>
    private static bool IsListedAlike(CachedEntry before, SourceEntry now) =>
        before.Mark != 0 && UnchangedRule.CoversAttributes(before, now) && before.Mark == CachedEntry.MarkOf(now.Metadata);

    /// <summary>The entry of this path in the last run's listing; passes over what has vanished since.</summary>
    private CachedEntry? Before(EntryPath path)
    {
        try
        {
            while (!_isCacheSpent && (_before is null || _before.Path < path))
            {
                _before = _parts.Previous!.Next();
                _isCacheSpent = _before is null;
            }
        }
        catch (Exception damage) when (damage is BackupException or IOException)
        {
            GiveUpCache(path, damage);
        }

        return _before?.Path == path ? _before : null;
    }

    /// <summary>The rest of the cache is as good as none: what follows is read in full.</summary>
    private void GiveUpCache(EntryPath path, Exception damage)
    {
        _parts.Sink.Report(new BackupEvent(
            EventSeverity.Warning, $"The host's listing cache is damaged; from '{path}' on every file is read. {damage.Message}", (damage as BackupException)?.Code ?? FaultCodes.HostStateUnusable));
        _isCacheSpent = true;
        _isCacheDamaged = true;
        _before = null;
    }

    private bool CanDecode(CachedEntry before)
    {
        try
        {
            return before.Entry.Path == before.Path;
        }
        catch (BackupException damage)
        {
            GiveUpCache(before.Path, damage);
            return false;
        }
    }

    private void ReportAttributes(SourceFault fault)
    {
        if (_hasWholeAttributes)
        {
            Report(fault);
        }

        _hasWholeAttributes = false;
    }

    /// <summary>Attributes that cannot be looked at any more are the inline ones of the last run, and the fault says so.</summary>
    private (ListedEntry? Listed, EntryIdentity Identity) ListUnchanged(SourceEntry entry, CachedEntry before)
    {
        var listed = Listed(entry, entry.Metadata) with { Content = before.Entry.Content };
        try
        {
            listed = listed with { Metadata = entry.ReadMetadata(out var fault) };
            if (fault is not null)
            {
                ReportAttributes(fault);
            }
        }
        catch (SourceFaultException fault)
        {
            ReportAttributes(fault.Fault);
            listed = listed with { Metadata = entry.Metadata with { ExtendedAttributes = before.Entry.Metadata.ExtendedAttributes } };
        }

        return (listed, entry.Identity);
    }

    private async ValueTask<bool> IsUnchangedAsync(SourceEntry entry, CachedEntry before, CancellationToken cancellationToken)
    {
        if (_parts.Rule!.Holds(before, entry) && (IsListedAlike(before, entry) || CanDecode(before)) && await ReuseAsync(before, cancellationToken))
        {
            _fresh.Keep();
            Counts.FilesUnchanged++;
            _parts.Counters.AddBytesRead(entry.Metadata.SizeBytes);
            return true;
        }

        // What was counted of a content that did not hold is counted once more.
        _fresh.Drop();
        return false;
    }

    /// <summary>Whether every chunk of the last run's content is still there for this writer; counts their packs as needed.</summary>
    private async ValueTask<bool> ReuseAsync(CachedEntry before, CancellationToken cancellationToken)
    {
        for (var left = before.DeepIds; left > 0; left--)
        {
            if (NextId(before) is not { } id || !await _parts.Store.TryReuseAsync(id, _fresh, cancellationToken))
            {
                return false;
            }

            Remember(id);
        }

        return true;
    }

    private ChunkId? NextId(CachedEntry before)
    {
        try
        {
            return _parts.Previous!.NextId();
        }
        catch (Exception damage) when (damage is BackupException or IOException)
        {
            GiveUpCache(before.Path, damage);
            return null;
        }
    }

    /// <summary>A further name of a file that could not be read is as lost as the file.</summary>
    private bool HasLostItsFile(ListedEntry listed)
    {
        if (listed.Metadata.HardLinkTarget is not { } first || !_lostFirstNames.Contains(first))
        {
            return false;
        }

        Report(new SourceFault(FaultCodes.EntryUnreadable, listed.Path.ToString(), $"'{listed.Path}' is another name of '{first}', which could not be read."));
        return true;
    }

    private async ValueTask WriteIdentityAsync(EntryIdentity identity, CancellationToken cancellationToken)
    {
        var record = new byte[IdentityCodec.SizeBytes];
        IdentityCodec.Write(identity, record);
        await _identities.WriteAsync(record, cancellationToken);
    }

    private void Remember(ChunkId id)
    {
        _parts.NextCache?.AddId(id);
        _idsOfEntry++;
    }

    private void Report(SourceFault fault)
    {
        _faults.Add(fault);
        _parts.Counters.AddFault();
    }

    private static ListedEntry Listed(SourceEntry entry, EntryMetadata metadata) =>
        new() { Path = entry.Path, Origin = entry.Origin, Metadata = metadata };
}
