using System.Runtime.CompilerServices;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Drives;

/// <summary>What the paths of one drive lead to.</summary>
internal sealed class DriveView(ConnectedVault connected)
{
    public VaultReader Reader => connected.Browsing.Reader;

    public string VaultPath => connected.Path;

    /// <summary>Null where the path leads to nothing. The drive itself is a container without a name.</summary>
    public async Task<BackupDriveItem?> FindAsync(DrivePath path, PipelineGate gate, CancellationToken cancellationToken)
    {
        if (path.IsRoot)
        {
            return BackupDriveItem.OfDrive(VaultPath);
        }

        var catalog = await connected.Browsing.CatalogAsync(gate, cancellationToken);
        if (path.Snapshot is null)
        {
            var own = VaultBrowsing.OfDataSet(catalog, path.DataSet);
            return own.Count > 0 ? BackupDriveItem.OfDataSet(VaultPath, own[0].DataSet, SnapshotChoice.NewestGood(own)) : null;
        }

        if (path.Entry.Depth == 0)
        {
            return VaultBrowsing.Find(catalog, path) is { } snapshot ? BackupDriveItem.OfSnapshot(VaultPath, snapshot, path.Snapshot) : null;
        }

        return await FindEntryAsync(path, gate, cancellationToken) is { } item ? BackupDriveItem.OfEntry(VaultPath, item) : null;
    }

    public async Task<Snapshot?> FindSnapshotAsync(DrivePath path, PipelineGate gate, CancellationToken cancellationToken) =>
        VaultBrowsing.Find(await connected.Browsing.CatalogAsync(gate, cancellationToken), path);

    /// <summary>The entry of a path that is one.</summary>
    public async Task<SnapshotItem?> FindEntryAsync(DrivePath path, PipelineGate gate, CancellationToken cancellationToken)
    {
        if (path.Entry.Depth == 0 || await FindSnapshotAsync(path, gate, cancellationToken) is not { } snapshot)
        {
            return null;
        }

        var browser = await connected.Browsing.BrowserAsync(gate, cancellationToken);
        return await VaultBrowsing.FindAsync(browser, snapshot, path.Entry, cancellationToken);
    }

    public Task<SnapshotBrowser> BrowserAsync(PipelineGate gate, CancellationToken cancellationToken) => connected.Browsing.BrowserAsync(gate, cancellationToken);

    /// <summary>
    /// What lies below a path, down to <paramref name="depth"/> further levels, each with the names that lead to it from there. A folder with a million entries is handed out as
    /// it is read.
    /// </summary>
    public async IAsyncEnumerable<(BackupDriveItem Item, IReadOnlyList<string> Below)> ListAsync(
        DrivePath path, uint depth, PipelineGate gate, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var catalog = await connected.Browsing.CatalogAsync(gate, cancellationToken);
        if (path.IsRoot)
        {
            foreach (var own in catalog.Snapshots.GroupBy(static snapshot => snapshot.DataSet, StringComparer.Ordinal).OrderBy(static own => own.Key, StringComparer.OrdinalIgnoreCase))
            {
                var item = BackupDriveItem.OfDataSet(VaultPath, own.Key, SnapshotChoice.NewestGood(own));
                yield return (item, [item.Name]);
                await foreach (var (inner, below) in DeeperAsync(new DrivePath(own.Key, null, EntryPath.Root), depth, gate, cancellationToken))
                {
                    yield return (inner, [item.Name, .. below]);
                }
            }
        }
        else if (path.Snapshot is null)
        {
            foreach (var snapshot in VaultBrowsing.OfDataSet(catalog, path.DataSet))
            {
                var item = BackupDriveItem.OfSnapshot(VaultPath, snapshot, DrivePath.NameOf(snapshot));
                yield return (item, [item.Name]);
                await foreach (var (inner, below) in DeeperAsync(path with { Snapshot = item.Name }, depth, gate, cancellationToken))
                {
                    yield return (inner, [item.Name, .. below]);
                }
            }
        }
        else if (VaultBrowsing.Find(catalog, path) is { } snapshot)
        {
            await foreach (var entry in EntriesAsync(snapshot, path, depth, gate, cancellationToken))
            {
                yield return (BackupDriveItem.OfEntry(VaultPath, entry), [.. entry.Path.Components.Skip(path.Entry.Depth).Select(static name => DrivePath.NameOf(name))]);
            }
        }
    }

    private IAsyncEnumerable<(BackupDriveItem Item, IReadOnlyList<string> Below)> DeeperAsync(
        DrivePath path, uint depth, PipelineGate gate, CancellationToken cancellationToken) =>
        depth == 0 ? AsyncEnumerable.Empty<(BackupDriveItem, IReadOnlyList<string>)>() : ListAsync(path, depth - 1, gate, cancellationToken);

    private async IAsyncEnumerable<SnapshotItem> EntriesAsync(
        Snapshot snapshot, DrivePath path, uint depth, PipelineGate gate, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var browser = await connected.Browsing.BrowserAsync(gate, cancellationToken);
        var folder = path.Entry;
        if (folder.Depth > 0)
        {
            var item = await VaultBrowsing.FindAsync(browser, snapshot, folder, cancellationToken);
            if (item is not { Metadata.Kind: EntryKind.Directory })
            {
                if (item is not null)
                {
                    yield return item;
                }

                yield break;
            }

            folder = item.Path;
        }

        var entries = depth == 0
            ? browser.ChildrenAsync(snapshot, folder, fault => gate.WriteError(ErrorRecordFactory.From(BackupFault.From(fault))), cancellationToken)
            : browser.EnumerateAsync(snapshot, new EntryFilter([]), folder.Depth == 0 ? null : folder, cancellationToken);
        await foreach (var entry in entries)
        {
            if (entry.Path.Depth > folder.Depth && entry.Path.Depth - folder.Depth - 1 <= depth)
            {
                yield return entry;
            }
        }
    }
}
