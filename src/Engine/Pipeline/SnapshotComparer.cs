using System.Runtime.CompilerServices;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>Tells what became of each path between two snapshots, or between a snapshot and the disk, in path order. One comparer serves one comparison.</summary>
public sealed class SnapshotComparer
{
    private readonly SnapshotBrowser _browser;
    private readonly CompareOptions _options;
    private readonly EntryFilter _include;
    private readonly EntryFilter _exclude;

    /// <exception cref="RequestException">PatternInvalid.</exception>
    public SnapshotComparer(SnapshotBrowser browser, CompareOptions options)
    {
        _browser = browser;
        _options = options;
        _include = new EntryFilter(options.Include);
        _exclude = new EntryFilter(options.Exclude);
    }

    public ComparisonTally Tally { get; } = new();

    private bool TakesAll => _include.TakesAll && _exclude.TakesAll;

    /// <summary>From the older snapshot to the newer one. Listings that share pages cost what differs.</summary>
    public async IAsyncEnumerable<EntryDifference> CompareAsync(Snapshot before, Snapshot after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var merge = new ListingMerge(_browser.ListingOf(before, Tell), _browser.ListingOf(after, Tell));
        await foreach (var pair in merge.PairsAsync(_options.IncludesEqual, cancellationToken))
        {
            var aspects = pair is { Before: { } old, After: { } current, IsShared: false } ? EntryComparison.Between(old, current) : EntryAspects.None;
            if (Take((pair.After ?? pair.Before)!.Path, pair.Before?.Metadata, pair.After?.Metadata, aspects) is { } difference)
            {
                yield return difference;
            }
        }

        Tally.EndWith(_options.IncludesEqual ? 0 : TakesAll ? merge.SharedEntries : null, merge.UnknownEntries);
    }

    /// <summary>From the snapshot to what stands on the disk now.</summary>
    /// <exception cref="RequestException">RecordsOnDisk.</exception>
    public async IAsyncEnumerable<EntryDifference> CompareAsync(Snapshot before, ISource disk, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (before.Kind != SnapshotKind.Files)
        {
            throw new RequestException(FaultCodes.RecordsOnDisk, $"The snapshot {before.Id} holds customers' records and no files.");
        }

        using var contents = new ContentComparer(_browser.Vault, _options);
        using var walk = disk.Enumerate(cancellationToken).GetEnumerator();
        var now = Next(walk);
        await foreach (var was in _browser.ListingOf(before, Tell).EntriesAsync(cancellationToken))
        {
            _options.Counters.SetCurrentItem(was.Path);
            for (; now is not null && now.Path < was.Path; now = Next(walk))
            {
                if (Take(now.Path, null, now.Metadata, EntryAspects.None) is { } added)
                {
                    yield return added;
                }
            }

            var isThere = now is not null && now.Path == was.Path;
            var aspects = isThere && Takes(was.Path, was.Metadata.Kind) && !MetadataComparison.IsOtherKind(was.Metadata, now!.Metadata)
                ? await contents.BetweenAsync(was, now, cancellationToken)
                : EntryAspects.None;
            if (Take(was.Path, was.Metadata, isThere ? now!.Metadata : null, aspects) is { } difference)
            {
                yield return difference;
            }

            now = isThere ? Next(walk) : now;
        }

        for (; now is not null; now = Next(walk))
        {
            if (Take(now.Path, null, now.Metadata, EntryAspects.None) is { } added)
            {
                yield return added;
            }
        }
    }

    /// <summary>Counts what is asked for; null where it is not, or need not be shown.</summary>
    private EntryDifference? Take(EntryPath path, EntryMetadata? before, EntryMetadata? after, EntryAspects aspects)
    {
        if (!Takes(path, (after ?? before)!.Kind))
        {
            return null;
        }

        var difference = new EntryDifference(path, before, after, aspects);
        Tally.Count(difference.Change);
        _options.Counters.AddFile();
        return difference.Change == DifferenceKind.Equal && !_options.IncludesEqual ? null : difference;
    }

    private bool Takes(EntryPath path, EntryKind kind) => _include.Takes(path, kind) && (_exclude.TakesAll || !_exclude.Takes(path, kind));

    private SourceEntry? Next(IEnumerator<SourceItem> walk)
    {
        while (walk.MoveNext())
        {
            if (walk.Current.Fault is { } fault)
            {
                _options.OnFault(new EntryFault(fault.Code, fault.Path, fault.Message));
            }

            if (walk.Current.Entry is { } entry)
            {
                return entry;
            }
        }

        return null;
    }

    private void Tell(PageReference? page, BackupException damage) => _options.OnFault(RestoreCorridor.LostPage(page, damage));
}
