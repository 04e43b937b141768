using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What has to be asked about the packs of a snapshot, and has no order: all of it is on its way at once, beside whatever else is asked for meanwhile.</summary>
internal sealed class AskedPacks : IAsyncDisposable
{
    private readonly CancellationTokenSource _end;

    internal AskedPacks(UnlockedVault vault, Snapshot snapshot, CancellationToken cancellationToken)
    {
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Listing = new ListingAhead(vault.Target, ObjectNames.Packs, _end.Token);
        Named = ReferenceSet.ReadAllAsync(vault, snapshot, _end.Token);
        Relocations = RelocationMap.LoadAsync(vault, _end.Token);
    }

    /// <summary>Of all packs on the target.</summary>
    internal ListingAhead Listing { get; }

    /// <summary>The snapshot's reference set.</summary>
    internal Task<IReadOnlyList<PackId>> Named { get; }

    internal Task<RelocationMap> Relocations { get; }

    /// <summary>What is still under way is needed no more: something else has failed, and that is told.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await Task.WhenAll(Named, Relocations).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Listing.DisposeAsync();
        _end.Dispose();
    }
}
