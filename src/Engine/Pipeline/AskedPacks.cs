using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline;

/// <summary>What has to be asked about the packs of a snapshot, and has no order: all of it is on its way at once, beside whatever else is asked for meanwhile.</summary>
internal sealed class AskedPacks : IAsyncDisposable
{
    internal AskedPacks(UnlockedVault vault, Snapshot snapshot, CancellationToken cancellationToken)
    {
        Listing = new ListingAhead(vault.Target, ObjectNames.Packs, cancellationToken);
        Named = ReferenceSet.ReadAllAsync(vault, snapshot, cancellationToken);
        Relocations = RelocationMap.LoadAsync(vault, cancellationToken);
    }

    /// <summary>Of all packs on the target.</summary>
    internal ListingAhead Listing { get; }

    /// <summary>The snapshot's reference set.</summary>
    internal Task<IReadOnlyList<PackId>> Named { get; }

    internal Task<RelocationMap> Relocations { get; }

    /// <summary>What nobody waited for has failed by what somebody did wait for, and that is told.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(Named, Relocations).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Listing.DisposeAsync();
    }
}
