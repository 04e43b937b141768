using System.Runtime.CompilerServices;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>One path in two listings; null where a listing has none.</summary>
/// <param name="IsShared">The entry stands on a page that both listings share, so it is the same.</param>
public sealed record ListedPair(ListedEntry? Before, ListedEntry? After, bool IsShared = false);

/// <summary>
/// Walks two listings of one vault side by side in path order. Pages are named by what they hold, so a page that both listings name is passed over unopened: listings that are
/// nearly the same cost what differs, however long they are. Where a page of one cannot be opened, nothing is said about its stretch of paths, rather than that they were all
/// added or removed.
/// </summary>
public sealed class ListingMerge(ListingReader before, ListingReader after)
{
    /// <summary>Entries that were passed over in shared pages, as the pages above count them.</summary>
    public long SharedEntries { get; private set; }

    /// <summary>Entries of one listing whose counterpart would stand on a page of the other that cannot be opened.</summary>
    public long UnknownEntries { get; private set; }

    /// <summary>Every path that may differ; with <paramref name="withShared"/> also those on shared pages, which are then read once.</summary>
    public async IAsyncEnumerable<ListedPair> PairsAsync(bool withShared, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await ListingCursor.OpenAsync(before, cancellationToken) is not { } left || await ListingCursor.OpenAsync(after, cancellationToken) is not { } right)
        {
            yield break;
        }

        while (!left.IsAtEnd || !right.IsAtEnd)
        {
            if (IsSharedPage(left, right))
            {
                SharedEntries += left.Reference!.EntryCount;
                if (withShared)
                {
                    await foreach (var entry in left.EntriesBelowAsync(cancellationToken))
                    {
                        yield return new ListedPair(entry, entry, IsShared: true);
                    }
                }

                left.Advance();
                right.Advance();
            }
            else if (await StepAsync(left, right, cancellationToken) is { } pair)
            {
                yield return pair;
            }
        }
    }

    private static bool IsSharedPage(ListingCursor left, ListingCursor right) =>
        !left.IsAtEnd && !right.IsAtEnd && !left.IsGap && !right.IsGap
        && left.Level == right.Level && left.Reference is { } mine && right.Reference is { } other && mine.Page == other.Page;

    /// <summary>One step of one or both cursors; null where it met no entry.</summary>
    private async ValueTask<ListedPair?> StepAsync(ListingCursor left, ListingCursor right, CancellationToken cancellationToken)
    {
        if (right.IsAtEnd || (!left.IsAtEnd && left.Last < right.First))
        {
            return await TakeAloneAsync(left, cancellationToken) is { } removed ? new ListedPair(removed, null) : null;
        }

        if (left.IsAtEnd || right.Last < left.First)
        {
            return await TakeAloneAsync(right, cancellationToken) is { } added ? new ListedPair(null, added) : null;
        }

        if (left.IsGap || right.IsGap)
        {
            await StepAtGapAsync(left, right, cancellationToken);
            return null;
        }

        if (left.Entry is { } mine && right.Entry is { } other)
        {
            // Neither lies before the other: the paths are one.
            left.Advance();
            right.Advance();
            return new ListedPair(mine, other);
        }

        // The higher page first, so that pages of one level meet and can be found shared; of one level the one that begins first, since its later pages may meet the other's.
        var opensLeft = left.Level != right.Level ? left.Level > right.Level : left.First <= right.First;
        await (opensLeft ? left : right).DescendAsync(cancellationToken);
        return null;
    }

    private static async ValueTask<ListedEntry?> TakeAloneAsync(ListingCursor cursor, CancellationToken cancellationToken)
    {
        if (cursor.IsGap || cursor.Entry is not null)
        {
            var entry = cursor.IsGap ? null : cursor.Entry;
            cursor.Advance();
            return entry;
        }

        await cursor.DescendAsync(cancellationToken);
        return null;
    }

    /// <summary>Passes over what the other listing has where this one cannot be read.</summary>
    private async ValueTask StepAtGapAsync(ListingCursor left, ListingCursor right, CancellationToken cancellationToken)
    {
        if (left.IsGap && right.IsGap)
        {
            (left.Last <= right.Last ? left : right).Advance();
            return;
        }

        var (gap, other) = left.IsGap ? (left, right) : (right, left);
        if (other.Reference is not { } page)
        {
            UnknownEntries++;
            other.Advance();
        }
        else if (gap.First <= page.First && page.Last <= gap.Last)
        {
            UnknownEntries += page.EntryCount;
            other.Advance();
        }
        else
        {
            await other.DescendAsync(cancellationToken);
        }
    }
}
