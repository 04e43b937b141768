using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>An entry of the tree that is not in the snapshot.</summary>
/// <param name="Reason">Why it stays all the same; null where it goes.</param>
internal sealed record Extra(EntryPath Path, EntryMetadata Metadata, EntryIdentity Identity, string? Reason = null);

/// <summary>
/// Walks the tree and the listing side by side, both in path order, and names what stands in the tree alone: files at once, folders when all in them has been named. The
/// listing must open whole: a page that does not ends the walk with its error, so that what stands on it never looks like an extra.
/// </summary>
internal sealed class MirrorSweep(MirrorScope scope, EntryFilter filter, Func<EntryPath, bool> isMountPoint, TimeProvider time)
{
    private readonly Stack<Extra> _folders = new();
    private readonly Stack<ListedEntry> _listedFolders = new();
    private EntryPath? _kept;

    /// <summary>Folders of the snapshot in which something was named.</summary>
    internal Dictionary<EntryPath, ListedEntry> Touched { get; } = [];

    /// <exception cref="IntegrityException">A page of the listing cannot be read; what was named until then is truly not in the snapshot.</exception>
    internal async IAsyncEnumerable<Extra> RunAsync(
        ListingReader listing, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var source = FileSystemSource.Open(scope.Source, time);
        await using var listed = listing.EntriesAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        var hasListed = await listed.MoveNextAsync();
        foreach (var item in source.Enumerate(cancellationToken))
        {
            if (item.Entry is not { } standing)
            {
                continue;
            }

            foreach (var left in Leave(standing.Path))
            {
                yield return left;
            }

            while (hasListed && listed.Current.Path < standing.Path)
            {
                Enter(listed.Current);
                hasListed = await listed.MoveNextAsync();
            }

            var isListed = hasListed && listed.Current.Path == standing.Path;
            if (isListed)
            {
                Enter(listed.Current);
            }

            if (isListed && (listed.Current.Metadata.Kind == EntryKind.Directory) == (standing.Metadata.Kind == EntryKind.Directory))
            {
                continue;
            }

            if (Judge(standing) is { } extra)
            {
                yield return extra;
            }
        }

        foreach (var left in Leave(null))
        {
            yield return left;
        }
    }

    /// <summary>The entry, if it is one that can be removed now; a folder waits until the walk has left it.</summary>
    private Extra? Judge(SourceEntry standing)
    {
        var isFolder = standing.Metadata.Kind == EntryKind.Directory;
        if (_kept?.IsAncestorOrSelfOf(standing.Path) == true)
        {
            return null;
        }

        // A root itself is never an extra, nor is anything in one that the snapshot does not hold; and what is mounted since is another world.
        if (standing.Path.Depth == 1 || (isFolder && isMountPoint(standing.Path)))
        {
            _kept = standing.Path;
            return null;
        }

        if (!filter.Takes(standing.Path, standing.Metadata.Kind) || scope.MayBeUnread(standing.Path))
        {
            return null;
        }

        var extra = new Extra(standing.Path, standing.Metadata, standing.Identity);
        if (isFolder)
        {
            _folders.Push(extra);
            return null;
        }

        if (ReasonToKeep(standing) is { } reason)
        {
            return extra with { Reason = reason };
        }

        Touch(extra);
        return extra;
    }

    /// <summary>A key file that was made since the backup may be the only way into the vault that the tree is restored from, or into another.</summary>
    private static string? ReasonToKeep(SourceEntry standing)
    {
        if (standing.Metadata.Kind != EntryKind.File || !CredentialFile.CanBeOne(standing.Metadata.SizeBytes))
        {
            return null;
        }

        try
        {
            using var content = standing.Open();
            using var bytes = OwnedBuffer.Rent((int)standing.Metadata.SizeBytes);
            var filled = 0;
            for (int count; filled < bytes.LengthBytes && (count = content.Read(bytes.Span[filled..])) > 0;)
            {
                filled += count;
            }

            return CredentialFile.IsOne(bytes.Span[..filled]) ? "it is the key file of a vault" : null;
        }
        catch (SourceFaultException)
        {
            return "it cannot be read, so nobody knows whether it is the key file of a vault";
        }
    }

    private IEnumerable<Extra> Leave(EntryPath? next)
    {
        while (_folders.TryPeek(out var folder) && (next is null || !folder.Path.IsAncestorOrSelfOf(next)))
        {
            var left = _folders.Pop();
            Touch(left);
            yield return left;
        }
    }

    private void Enter(ListedEntry listed)
    {
        while (_listedFolders.TryPeek(out var folder) && !folder.Path.IsAncestorOrSelfOf(listed.Path))
        {
            _listedFolders.Pop();
        }

        if (listed.Metadata.Kind == EntryKind.Directory)
        {
            _listedFolders.Push(listed);
        }
    }

    private void Touch(Extra extra)
    {
        if (_listedFolders.FirstOrDefault(folder => folder.Path.IsAncestorOrSelfOf(extra.Path)) is { } folder)
        {
            Touched[folder.Path] = folder;
        }
    }
}
