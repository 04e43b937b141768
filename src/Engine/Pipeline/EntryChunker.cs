using System.Threading.Channels;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Stage 2: takes entries in path order, merges them with the last run's listing, reads what is new or changed and was not read before its turn, and lists everything.
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
    private readonly CborMapWriter _entryWriter = new();
    private readonly byte[] _identityRecord = new byte[IdentityCodec.SizeBytes];
    private CachedEntry? _before;
    private bool _isCacheSpent;
    private bool _isCacheDamaged;

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

    internal async Task RunAsync(ChannelReader<EntryBatch> batches, CancellationToken cancellationToken)
    {
        await foreach (var batch in batches.ReadAllAsync(cancellationToken))
        {
            await batch.WhenWholeAsync(cancellationToken);
            for (var place = 0; place < batch.Items.Count; place++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var item = batch.Items[place];
                if (item.Fault is not null)
                {
                    Report(item.Fault);
                }

                if (item.Entry is not null)
                {
                    _hasWholeAttributes = item.Fault is null;
                    await TakeAsync(item.Entry, batch.FileOf(place), cancellationToken);
                }
            }
        }

        // The end of a run is where it takes most memory.
        DisposeContents();
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
        DisposeContents();
        _identities.Dispose();
    }

    private void DisposeContents()
    {
        _data.Dispose();
        if (_side.IsValueCreated)
        {
            _side.Value.Dispose();
        }
    }

    private async ValueTask TakeAsync(SourceEntry entry, EarlyFile? early, CancellationToken cancellationToken)
    {
        _parts.Counters.SetCurrentItem(entry.Path);
        var before = Before(entry.Path);
        var isFile = entry.Metadata.Kind == EntryKind.File;
        if (isFile)
        {
            _parts.Counters.AddFile();
            _parts.SmallFiles.See(isKnown: before is not null);
        }

        var isUnchanged = before is not null && (isFile ? await IsUnchangedAsync(entry, before, cancellationToken) : _parts.Rule!.HoldsFolder(before, entry));
        if (isUnchanged && IsListedAlike(before!, entry))
        {
            await ListAsync(entry.Path, before!, entry.Identity, before, cancellationToken);
            return;
        }

        var (listed, identity) = !isFile ? (Listed(entry, MetadataOf(entry, before: null)), entry.Identity)
            : isUnchanged ? (Listed(entry, MetadataOf(entry, before)) with { Content = before!.Entry.Content }, entry.Identity)
            : early is not null ? Take(entry, early, before) : await ReadFileAsync(entry, before, cancellationToken);
        if (listed is null || HasLostItsFile(listed))
        {
            return;
        }

        listed = await WithSideContentsAsync(listed, entry, cancellationToken);
        await ListAsync(entry.Path, CachedEntry.Of(listed, EntryCodec.Encode(listed, _entryWriter), identity, _hasWholeAttributes), identity, before, cancellationToken);
    }

    private async ValueTask ListAsync(EntryPath path, CachedEntry entry, EntryIdentity identity, CachedEntry? before, CancellationToken cancellationToken)
    {
        await _parts.Listing.AddAsync(path, entry.Encoded, cancellationToken);
        await WriteIdentityAsync(identity, cancellationToken);
        _parts.NextCache?.Add(entry, identity);
        Counts.Count(path, entry, before);
    }

    private void ReportAttributes(SourceFault fault)
    {
        if (_hasWholeAttributes)
        {
            Report(fault);
        }

        _hasWholeAttributes = false;
    }

    /// <summary>Attributes that cannot be looked at any more are the inline ones of the last run, where it saw the same entry, and the fault says so.</summary>
    private EntryMetadata MetadataOf(SourceEntry entry, CachedEntry? before)
    {
        try
        {
            var metadata = entry.ReadMetadata(out var fault);
            if (fault is not null)
            {
                ReportAttributes(fault);
            }

            return metadata;
        }
        catch (SourceFaultException fault)
        {
            ReportAttributes(fault.Fault);
            return before is null ? entry.Metadata : entry.Metadata with { ExtendedAttributes = before.Entry.Metadata.ExtendedAttributes };
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

    private ValueTask WriteIdentityAsync(EntryIdentity identity, CancellationToken cancellationToken)
    {
        IdentityCodec.Write(identity, _identityRecord);
        return _identities.WriteAsync(_identityRecord, cancellationToken);
    }

    private void Remember(ChunkId id) => _parts.NextCache?.AddId(id);

    private void Report(SourceFault fault)
    {
        _faults.Add(fault);
        _parts.Counters.AddFault();
    }

    private static ListedEntry Listed(SourceEntry entry, EntryMetadata metadata) =>
        new() { Path = entry.Path, Origin = entry.Origin, Metadata = metadata };
}
