using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What an <see cref="EntryChunker"/> works with.</summary>
/// <param name="Previous">The last run's listing; null where the host has none.</param>
/// <param name="Rule">Null exactly where <paramref name="Previous"/> is.</param>
/// <param name="NextCache">The listing for the next run in the making; null where the host keeps none.</param>
internal sealed record EntryChunkerParts(
    ChunkStore Store,
    ListingBuilder Listing,
    ListingCacheReader? Previous,
    UnchangedRule? Rule,
    ListingCacheWriter? NextCache)
{
    /// <summary>Reads before their turn what it can, and is told what the listing knows.</summary>
    internal required SmallFileReader SmallFiles { get; init; }

    internal required ContentMeter Meter { get; init; }

    internal required ProgressCounters Counters { get; init; }

    internal required IEngineSink Sink { get; init; }
}

/// <summary>What a run has listed.</summary>
internal sealed class EntryCounts
{
    internal long Entries { get; private set; }

    internal long Files { get; private set; }

    internal long FilesNew { get; private set; }

    internal long FilesChanged { get; private set; }

    internal long FilesUnchanged { get; set; }

    internal long ContentBytes { get; private set; }

    internal long BytesRead { get; set; }

    internal long EmptyFiles { get; private set; }

    /// <summary>Files without a byte that had some in the last run's listing.</summary>
    internal long EmptiedFiles { get; private set; }

    internal long RansomNames { get; private set; }

    /// <summary>Entries that are more than a folder: what makes a backup not empty.</summary>
    internal long NotFolders { get; private set; }

    /// <param name="before">What the last run listed there, if that is known.</param>
    internal void Count(EntryPath path, CachedEntry entry, CachedEntry? before)
    {
        Entries++;
        NotFolders += entry.Kind == EntryKind.Directory ? 0 : 1;
        if (entry.Kind == EntryKind.File)
        {
            Files++;
            ContentBytes += entry.SizeBytes;
            EmptyFiles += entry.SizeBytes == 0 ? 1 : 0;
            EmptiedFiles += entry.SizeBytes == 0 && before is { Kind: EntryKind.File, SizeBytes: > 0 } ? 1 : 0;
            RansomNames += RansomName.Is(path.Name) ? 1 : 0;
        }
    }

    internal void CountRead(bool isKnownPath)
    {
        if (isKnownPath)
        {
            FilesChanged++;
        }
        else
        {
            FilesNew++;
        }
    }
}
