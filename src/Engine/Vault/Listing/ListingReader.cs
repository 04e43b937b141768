using System.Runtime.CompilerServices;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// Reads a listing in path order, one page at a time. A page that cannot be opened is told to <c>onBroken</c> and passed over, so that it costs the
/// entries in it and nothing else; without <c>onBroken</c> it ends the reading.
/// </summary>
/// <param name="OnBroken">Told the page's place (first and last path, where known) and the error.</param>
public sealed record ListingReader(ListingRoot? Root, IChunkFetcher Fetcher, Action<PageReference?, BackupException>? OnBroken = null)
{
    /// <summary>Every entry.</summary>
    public IAsyncEnumerable<ListedEntry> EntriesAsync(CancellationToken cancellationToken) => EntriesAsync(null, cancellationToken);

    /// <summary>The entries at and below <paramref name="scope"/>, without reading pages that hold none of them.</summary>
    public async IAsyncEnumerable<ListedEntry> EntriesAsync(EntryPath? scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Root is null)
        {
            yield break;
        }

        await foreach (var page in LeavesAsync(Root.Page, Root.Level, null, reference => MayHold(reference, scope), cancellationToken))
        {
            foreach (var entry in page.Entries.Where(entry => scope?.IsAncestorOrSelfOf(entry.Path) != false))
            {
                yield return entry;
            }
        }
    }

    /// <summary>The folders that lead to <paramref name="scope"/>, then what is at and below it; every entry where it is null.</summary>
    public async IAsyncEnumerable<ListedEntry> WayAndBelowAsync(EntryPath? scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var depth = 1; depth < scope?.Depth; depth++)
        {
            if (await FindAsync(new EntryPath([.. scope.Components.Take(depth)]), cancellationToken) is { } folder)
            {
                yield return folder;
            }
        }

        await foreach (var entry in EntriesAsync(scope, cancellationToken))
        {
            yield return entry;
        }
    }

    /// <summary>What lies directly in a folder, or the roots, without reading the pages that hold only what lies deeper.</summary>
    public async IAsyncEnumerable<ListedEntry> ChildrenAsync(EntryPath folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (Root is null)
        {
            yield break;
        }

        var depth = folder.Depth + 1;
        await foreach (var page in LeavesAsync(
            Root.Page, Root.Level, null, reference => MayHold(reference, folder) && !LiesWithinOne(reference, depth), cancellationToken))
        {
            foreach (var entry in page.Entries.Where(entry => entry.Path.Depth == depth && folder.IsAncestorOrSelfOf(entry.Path)))
            {
                yield return entry;
            }
        }
    }

    /// <summary>The entry of exactly this path; null where there is none. Reads one page of each level.</summary>
    public async Task<ListedEntry?> FindAsync(EntryPath path, CancellationToken cancellationToken)
    {
        if (Root is null)
        {
            return null;
        }

        await foreach (var page in LeavesAsync(
            Root.Page, Root.Level, null, reference => reference.First <= path && path <= reference.Last, cancellationToken))
        {
            return page.Entries.FirstOrDefault(entry => entry.Path == path);
        }

        return null;
    }

    /// <summary>The entries of one subtree of pages.</summary>
    internal async IAsyncEnumerable<ListedEntry> EntriesAsync(PageReference from, int level, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var page in LeavesAsync(from.Page, level, from, static _ => true, cancellationToken))
        {
            foreach (var entry in page.Entries)
            {
                yield return entry;
            }
        }
    }

    /// <summary>The ids of all pages, from the root down.</summary>
    public async IAsyncEnumerable<ChunkId> PagesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var open = new Stack<(ChunkId Page, int Level)>();
        if (Root is not null)
        {
            open.Push((Root.Page, Root.Level));
        }

        while (open.TryPop(out var next))
        {
            yield return next.Page;
            if (next.Level == 0)
            {
                continue;
            }

            var page = await TryReadAsync(next.Page, next.Level, null, cancellationToken);
            foreach (var reference in page?.References.Reverse() ?? [])
            {
                open.Push((reference.Page, next.Level - 1));
            }
        }
    }

    private static bool MayHold(PageReference reference, EntryPath? scope) =>
        scope is null || scope.IsAncestorOrSelfOf(reference.First) || scope.IsAncestorOrSelfOf(reference.Last)
        || (reference.First <= scope && scope <= reference.Last);

    /// <summary>Whether everything between the first and the last path lies below one entry of this depth, which stands on a page before.</summary>
    private static bool LiesWithinOne(PageReference reference, int depth)
    {
        if (reference.First.Depth <= depth || reference.Last.Depth <= depth)
        {
            return false;
        }

        for (var i = 0; i < depth; i++)
        {
            if (!reference.First[i].SequenceEqual(reference.Last[i]))
            {
                return false;
            }
        }

        return true;
    }

    private async IAsyncEnumerable<ListingPage> LeavesAsync(
        ChunkId id, int level, PageReference? from, Func<PageReference, bool> mayHold, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var page = await TryReadAsync(id, level, from, cancellationToken);
        if (page is null)
        {
            yield break;
        }

        if (level == 0)
        {
            yield return page;
            yield break;
        }

        foreach (var reference in page.References.Where(mayHold))
        {
            await foreach (var leaf in LeavesAsync(reference.Page, level - 1, reference, mayHold, cancellationToken))
            {
                yield return leaf;
            }
        }
    }

    /// <summary>A page of the tree; null when it cannot be opened and somebody was told.</summary>
    /// <param name="from">What stands above it; null for the root.</param>
    internal async ValueTask<ListingPage?> TryReadAsync(ChunkId id, int level, PageReference? from, CancellationToken cancellationToken)
    {
        try
        {
            using var bytes = await Fetcher.FetchAsync(id, cancellationToken);
            var page = PageCodec.Decode(bytes.Memory, id);
            var first = page.Level == 0 ? page.Entries[0].Path : page.References[0].First;
            var last = page.Level == 0 ? page.Entries[^1].Path : page.References[^1].Last;
            if (page.Level != level || (from is not null && (first != from.First || last != from.Last)))
            {
                throw new IntegrityException(FaultCodes.ListingMalformed, $"The listing page {id} is not the one that stands above it.");
            }

            return page;
        }
        catch (BackupException error) when (OnBroken is not null && error is not TargetException { IsOfWholePlace: true })
        {
            OnBroken(from, error);
            return null;
        }
    }
}
