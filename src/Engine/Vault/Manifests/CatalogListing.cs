using SecureBackup.Engine.Targets;

namespace SecureBackup.Engine.Vault;

/// <summary>
/// What a catalog begins with: the manifests, and the records about them that have no order among each other, listed at once. It may be begun while the vault is still being opened, for a
/// command that reads snapshots and that nothing is deleted by: an older listing lacks the newest snapshots, and nothing that lies behind it in the catalog's order is older than it.
/// </summary>
public sealed class CatalogListing
{
    /// <summary>A person may be asked for the key between the opening and the catalog.</summary>
    internal static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    private readonly TimeProvider _time;
    private DateTimeOffset _ended;

    private CatalogListing(ObjectStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        _time = time;
        Manifests = ListAsync(store, ObjectNames.Manifests, cancellationToken);
        Verifications = ListAsync(store, ObjectNames.Verifications, cancellationToken);
        Approvals = ListAsync(store, ObjectNames.Approvals, cancellationToken);
        Whole = EndAsync();
    }

    internal Task<List<ObjectStat>> Manifests { get; }

    internal Task<List<ObjectStat>> Verifications { get; }

    internal Task<List<ObjectStat>> Approvals { get; }

    internal Task Whole { get; }

    /// <summary>Whether it can be used in place of a new one. One that failed cannot: whoever lists anew is told why.</summary>
    internal bool Serves
    {
        get
        {
            // By the clock on the wall, which goes on while a laptop sleeps.
            var age = _time.GetUtcNow() - _ended;
            return Whole.IsCompletedSuccessfully && age >= TimeSpan.Zero && age <= MaxAge;
        }
    }

    public static CatalogListing Begin(Target target, TimeProvider time, CancellationToken cancellationToken) => new(new ObjectStore(target), time, cancellationToken);

    internal static Task<List<ObjectStat>> ListAsync(ObjectStore store, string folder, CancellationToken cancellationToken) =>
        store.ListAsync(folder, name => ObjectNames.TryParseId(name, folder, out _), cancellationToken);

    private async Task EndAsync()
    {
        await Task.WhenAll(Manifests, Verifications, Approvals);
        _ended = _time.GetUtcNow();
    }
}
