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
