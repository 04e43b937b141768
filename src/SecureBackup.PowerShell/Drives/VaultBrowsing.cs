using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;

namespace SecureBackup.PowerShell.Drives;

/// <summary>
/// What a drive knows of its connected vault. One command asks many small questions, so the list of snapshots serves for some seconds, and the index for as long as no snapshot
/// comes or goes. For one thread at a time: the drives of a runspace.
/// </summary>
internal sealed class VaultBrowsing(UnlockedVault vault) : IDisposable
{
    public const string Latest = "latest";

    private static readonly TimeSpan Freshness = TimeSpan.FromSeconds(5);

    private SnapshotCatalog? _catalog;
    private SnapshotBrowser? _browser;
    private long _loadedAt;

    public VaultReader Reader => vault.RequireReader();

    public async Task<SnapshotCatalog> CatalogAsync(IEngineSink sink, CancellationToken cancellationToken)
    {
        if (_catalog is not null && TimeProvider.System.GetElapsedTime(_loadedAt) < Freshness)
        {
            return _catalog;
        }

        var catalog = await SnapshotCatalog.LoadAsync(vault, cancellationToken);
        var known = _catalog?.Snapshots.Select(static snapshot => snapshot.Id) ?? [];
        if (_catalog is null || !catalog.Snapshots.Select(static snapshot => snapshot.Id).SequenceEqual(known))
        {
            catalog.ReportProblems(sink);
            _browser?.Dispose();
            _browser = null;
        }

        (_catalog, _loadedAt) = (catalog, TimeProvider.System.GetTimestamp());
        return catalog;
    }

    public async Task<SnapshotBrowser> BrowserAsync(IEngineSink sink, CancellationToken cancellationToken) =>
        _browser ??= await SnapshotBrowser.OpenAsync(Reader, sink, cancellationToken);

    /// <summary>The snapshots of a data set, newest first. Case does not matter, unless there is one of exactly this name.</summary>
    public static List<Snapshot> OfDataSet(SnapshotCatalog catalog, string? name)
    {
        var exact = catalog.Snapshots.Where(snapshot => string.Equals(snapshot.DataSet, name, StringComparison.Ordinal)).ToList();
        return exact.Count > 0 ? exact : [.. catalog.Snapshots.Where(snapshot => string.Equals(snapshot.DataSet, name, StringComparison.OrdinalIgnoreCase))];
    }

    /// <summary>The snapshot that a name in a path means: its own name, <c>latest</c> for the newest that counts, or the beginning of its id.</summary>
    public static Snapshot? Find(SnapshotCatalog catalog, DrivePath path)
    {
        var own = OfDataSet(catalog, path.DataSet);
        if (path.Snapshot is not { } name)
        {
            return null;
        }

        return string.Equals(name, Latest, StringComparison.OrdinalIgnoreCase)
            ? SnapshotChoice.NewestGood(own)
            : own.Find(snapshot => string.Equals(DrivePath.NameOf(snapshot), name, StringComparison.OrdinalIgnoreCase))
                ?? (name.Length >= 4 && own.FindAll(snapshot => snapshot.Id.ToString().StartsWith(name, StringComparison.OrdinalIgnoreCase)) is [var only] ? only : null);
    }

    /// <summary>The entry of a path. Where the system's own paths do not tell case apart, neither does this: then the folder is looked through.</summary>
    public static async Task<SnapshotItem?> FindAsync(SnapshotBrowser browser, Snapshot snapshot, EntryPath path, CancellationToken cancellationToken)
    {
        var found = await browser.FindAsync(snapshot, path, cancellationToken);
        if (found is not null || OperatingSystem.IsLinux())
        {
            return found;
        }

        var parent = path.Depth == 1 ? EntryPath.Root : (await FindAsync(browser, snapshot, path.Parent!, cancellationToken))?.Path;
        if (parent is null)
        {
            return null;
        }

        var name = EntryName.ToDisplay(path.Name);
        await foreach (var item in browser.ChildrenAsync(snapshot, parent, null, cancellationToken))
        {
            if (string.Equals(EntryName.ToDisplay(item.Path.Name), name, StringComparison.OrdinalIgnoreCase))
            {
                return item;
            }
        }

        return null;
    }

    public void Dispose() => _browser?.Dispose();
}
