using SecureBackup.Engine.Entries;

namespace SecureBackup.Engine.Vault.Listing;

/// <summary>
/// A place in a listing's tree of pages: at an entry, at a page that is not opened yet, or at one that cannot be. Goes forward in path order, past a page or into it.
/// </summary>
internal sealed class ListingCursor
{
    private const int EntryLevel = -1;

    private readonly ListingReader _listing;
    private readonly Stack<(ListingPage Page, int At)> _way = new();
    private bool _isGap;

    private ListingCursor(ListingReader listing)
    {
        _listing = listing;
    }

    internal bool IsAtEnd => _way.Count == 0;

    internal ListedEntry? Entry => _way.Peek() is { Page: { Level: 0 } page } top ? page.Entries[top.At] : null;

    /// <summary>What stands above the page that the cursor is at; null at an entry.</summary>
    internal PageReference? Reference => _way.Peek() is { Page: { Level: > 0 } page } top ? page.References[top.At] : null;

    /// <summary>Of the page that the cursor is at; below every page's at an entry.</summary>
    internal int Level => _way.Peek().Page.Level == 0 ? EntryLevel : _way.Peek().Page.Level - 1;

    /// <summary>Whether the page was tried and cannot be opened: what lies between its first and its last path is not known.</summary>
    internal bool IsGap => _isGap;

    internal EntryPath First => Reference?.First ?? Entry!.Path;

    internal EntryPath Last => Reference?.Last ?? Entry!.Path;

    /// <summary>At the listing's start; null when its root page cannot be opened and somebody was told.</summary>
    internal static async ValueTask<ListingCursor?> OpenAsync(ListingReader listing, CancellationToken cancellationToken)
    {
        var cursor = new ListingCursor(listing);
        if (listing.Root is { } root)
        {
            if (await listing.TryReadAsync(root.Page, root.Level, null, cancellationToken) is not { } page)
            {
                return null;
            }

            cursor._way.Push((page, 0));
        }

        return cursor;
    }

    /// <summary>Past the entry, or past the whole page.</summary>
    internal void Advance()
    {
        _isGap = false;
        while (_way.TryPop(out var top))
        {
            var next = top.At + 1;
            if (next < (top.Page.Level == 0 ? top.Page.Entries.Count : top.Page.References.Count))
            {
                _way.Push((top.Page, next));
                return;
            }
        }
    }

    /// <summary>Into the page, or, where it cannot be opened, onto a gap.</summary>
    internal async ValueTask DescendAsync(CancellationToken cancellationToken)
    {
        if (await _listing.TryReadAsync(Reference!.Page, Level, Reference, cancellationToken) is { } page)
        {
            _way.Push((page, 0));
        }
        else
        {
            _isGap = true;
        }
    }

    /// <summary>Everything in the page that the cursor is at.</summary>
    internal IAsyncEnumerable<ListedEntry> EntriesBelowAsync(CancellationToken cancellationToken) =>
        _listing.EntriesAsync(Reference!, Level, cancellationToken);
}
