using System.Runtime.CompilerServices;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Listing;

namespace SecureBackup.Engine.Pipeline;

/// <summary>
/// Looks into snapshots without restoring them. One browser serves many snapshots of a vault: they share the index and the pages read last.
/// Not thread-safe.
/// </summary>
public sealed class SnapshotBrowser : IDisposable
{
    private readonly VaultReader _vault;
    private readonly ChunkIndex _index;
    private readonly ChunkFetcher _fetcher;

    private SnapshotBrowser(VaultReader vault, ChunkIndex index)
    {
        _vault = vault;
        _index = index;
        _fetcher = new ChunkFetcher(vault, index);
    }

    public static async Task<SnapshotBrowser> OpenAsync(VaultReader vault, IEngineSink sink, CancellationToken cancellationToken) =>
        new(vault, await ChunkIndexLoader.OpenForReadingAsync(vault.Vault, vault.Vault.Self, sink, cancellationToken));

    internal UnlockedVault Vault => _vault.Vault;

    /// <summary>The entries of a snapshot that the filter takes, in path order. Pages outside <paramref name="scope"/> are not read.</summary>
    public async IAsyncEnumerable<SnapshotItem> EnumerateAsync(
        Snapshot snapshot, EntryFilter filter, EntryPath? scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var entry in ListingOf(snapshot).EntriesAsync(scope, cancellationToken))
        {
            if (filter.Takes(entry.Path, entry.Metadata.Kind))
            {
                yield return new SnapshotItem(snapshot, entry.Path, entry.Metadata, entry.ContentFault);
            }
        }
    }

    /// <summary>What lies directly in a folder of a snapshot, or its roots, in path order; pages that hold only what lies deeper are not read.</summary>
    /// <param name="onLost">Told of pages that cannot be read; null ends the listing there.</param>
    public async IAsyncEnumerable<SnapshotItem> ChildrenAsync(
        Snapshot snapshot, EntryPath folder, Action<EntryFault>? onLost, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var listing = ListingOf(snapshot, onLost is null ? null : (page, damage) => onLost(RestoreCorridor.LostPage(page, damage)));
        await foreach (var entry in listing.ChildrenAsync(folder, cancellationToken))
        {
            yield return new SnapshotItem(snapshot, entry.Path, entry.Metadata, entry.ContentFault);
        }
    }

    /// <summary>The entry of exactly this path; null where there is none. Reads one page of each level of the listing.</summary>
    public async Task<SnapshotItem?> FindAsync(Snapshot snapshot, EntryPath path, CancellationToken cancellationToken) =>
        await ListingOf(snapshot).FindAsync(path, cancellationToken) is { } entry ? new SnapshotItem(snapshot, entry.Path, entry.Metadata, entry.ContentFault) : null;

    /// <summary>The content of a file, or of the file that a further name stands for, to be read forward; null for what is no file.</summary>
    /// <exception cref="RequestException">RecordsAreNotFiles.</exception>
    public async Task<Stream?> OpenReadAsync(SnapshotItem item, CancellationToken cancellationToken)
    {
        var file = await ListingOf(item.Snapshot).FindAsync(item.Metadata.HardLinkTarget ?? item.Path, cancellationToken);
        if (file is null || file.Metadata.Kind != EntryKind.File)
        {
            return null;
        }

        item.Snapshot.RequireFiles();
        return file.Domain.IsVault
            ? new SnapshotContent(file, _fetcher)
            : throw new RequestException(FaultCodes.RecordsAreNotFiles, $"'{item.Path}' is sealed under a customer's key.");
    }

    /// <summary>What could not be backed up when the snapshot was made.</summary>
    public async Task<IReadOnlyList<ListedFault>> FaultsAsync(Snapshot snapshot, CancellationToken cancellationToken)
    {
        var faults = _vault.OpenOwnerPart(snapshot).Faults;
        return faults is null
            ? []
            : FaultListCodec.Decode(await ContentReader.ReadAllAsync(faults, _fetcher, FaultListCodec.MaxBytes, cancellationToken));
    }

    internal ListingReader ListingOf(Snapshot snapshot, Action<PageReference?, BackupException>? onBroken = null) =>
        new(_vault.OpenOwnerPart(snapshot).ListingRoot, _fetcher, onBroken);

    public void Dispose()
    {
        _fetcher.Dispose();
        _index.Dispose();
    }
}

/// <summary>An entry of one snapshot.</summary>
/// <param name="ContentFault">Set when the file changed while it was read: the code of the fault.</param>
public sealed record SnapshotItem(Snapshot Snapshot, EntryPath Path, EntryMetadata Metadata, string? ContentFault);
