using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Engine.Pipeline.Collection;

/// <summary>A pack on the target that no accepted snapshot needs, or that stands under a marker.</summary>
internal sealed record FoundPack(PackId Id, long LengthBytes, DateTimeOffset StoredAt);

/// <summary>
/// All that one collection knows. The order of the looks is the safety: sessions before manifests, so that a writer who has ended shows its manifest, and both before anything is deleted. A
/// call never acts on what an earlier call saw.
/// </summary>
internal sealed record CollectView
{
    public required StoreClock Clock { get; init; }

    public required VaultPolicy Policy { get; init; }

    /// <summary>By how much the target's listings may lag.</summary>
    public required TimeSpan ListLag { get; init; }

    public required SessionBoard Sessions { get; init; }

    public required SnapshotCatalog Catalog { get; init; }

    /// <summary>What interrupted removals left.</summary>
    public required Leftovers Leftovers { get; init; }

    /// <summary>All whose packs stay: the accepted ones, those of which the removal may still be taken back, and those of which it must be.</summary>
    public required IReadOnlyList<Snapshot> Snapshots { get; init; }

    public required RelocationMap Relocations { get; init; }

    public required PackInventory Inventory { get; init; }

    public required Liveness Live { get; init; }

    public required IReadOnlyList<StandingMarker> Markers { get; init; }

    /// <summary>Unneeded packs, and all that stand under markers.</summary>
    public required IReadOnlyDictionary<PackId, FoundPack> Packs { get; init; }

    internal DateTimeOffset RemovalsSettledBefore => Clock.AtLeast - SnapshotRemoval.SettlingTime;

    /// <summary>Removed by records that nobody takes back any more.</summary>
    internal HashSet<SnapshotId> Removed
    {
        get
        {
            var removed = Catalog.SettledRemovals(RemovalsSettledBefore);
            removed.ExceptWith(Snapshots.Select(static snapshot => snapshot.Id));
            return removed;
        }
    }

    internal DateTimeOffset DeadlineOf(StandingMarker marker) => marker.DeadlineAt(ListLag);

    internal static async Task<CollectView> TakeAsync(UnlockedVault vault, StoreClock clock, CancellationToken cancellationToken)
    {
        var sessions = await SessionBoard.LoadAsync(vault, clock.AtLeast, cancellationToken);
        var catalog = await SnapshotCatalog.LoadAsync(vault, cancellationToken);
        var relocations = await RelocationMap.LoadAsync(vault, cancellationToken);
        var inventory = await PackInventory.TakeAsync(vault.Target, cancellationToken);
        var policy = vault.Register.Policy;
        var rules = new LivenessRules(relocations, inventory.Has, clock.AtLeast - policy.GraceTime);
        Liveness.RequireWhole(vault, catalog);
        var leftovers = Leftovers.Of(vault, catalog, clock.AtLeast);
        IReadOnlyList<Snapshot> snapshots = [.. catalog.Snapshots, .. catalog.Leftovers.Except(leftovers.MayGo)];
        var live = await Liveness.LoadAsync(vault, snapshots, rules, cancellationToken);
        var markers = await CondemnedMarkers.StandingAsync(vault, cancellationToken);
        var marked = markers.SelectMany(static marker => marker.Marker.Packs).ToHashSet();
        return new CollectView
        {
            Clock = clock,
            Policy = policy,
            ListLag = vault.Target.Capabilities.ListLag,
            Sessions = sessions,
            Catalog = catalog,
            Leftovers = leftovers,
            Snapshots = snapshots,
            Relocations = relocations,
            Inventory = inventory,
            Live = live,
            Markers = markers,
            Packs = await FindAsync(vault.Target, pack => !live.Needs(pack) || marked.Contains(pack), cancellationToken),
        };
    }

    /// <exception cref="RequestException">NotAMaintainer.</exception>
    /// <exception cref="VaultException">CollectionNeedsAllTargets, CollectionUnsafeHere.</exception>
    internal static void RequireAllowed(UnlockedVault vault)
    {
        if (vault.Register.Find(vault.Self) is not { IsRevoked: false } self || !self.Has(Crypto.MemberRoles.Maintainer))
        {
            throw new RequestException(FaultCodes.NotAMaintainer, $"The key of {vault.Register.Find(vault.Self)?.Name} may not collect.");
        }

        // Liveness is the union over all of them.
        if (vault.Register.Targets is { Count: > 1 } targets)
        {
            throw new VaultException(
                FaultCodes.CollectionNeedsAllTargets, $"Attached are {string.Join(", ", targets.Values.Order(StringComparer.Ordinal).Select(static name => $"'{name}'"))}; at hand is {vault.Target.DisplayName}.");
        }

        // A marker must have been visible to whoever announced itself after it, and so must everybody whom it waits for: two lags.
        var (lag, grace) = (vault.Target.Capabilities.ListLag, vault.Register.Policy.GraceTime);
        if (lag > grace / 2)
        {
            throw new VaultException(
                FaultCodes.CollectionUnsafeHere,
                $"{vault.Target.DisplayName} does not declare ListAfterWrite; its listings may lag by {(lag == TimeSpan.MaxValue ? "any time" : $"{lag:c}")}, and the grace time is {grace:c}.");
        }
    }

    private static async Task<Dictionary<PackId, FoundPack>> FindAsync(Target target, Func<PackId, bool> isWanted, CancellationToken cancellationToken)
    {
        var found = new Dictionary<PackId, FoundPack>();
        await foreach (var stat in target.ListAsync(ObjectNames.Packs, cancellationToken))
        {
            if (ObjectNames.TryParseId(stat.Name, ObjectNames.Packs, out var id) && isWanted(new PackId(id)))
            {
                found[new PackId(id)] = new FoundPack(new PackId(id), stat.LengthBytes, stat.StoreTime);
            }
        }

        return found;
    }
}
