using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Retention;

namespace SecureBackup.Engine.Vault;

/// <summary>What to remove, and why.</summary>
/// <param name="Reason">Kept, sealed, in the removal record.</param>
public sealed record RemovalRequest(UnlockedVault Vault, string Reason)
{
    public const int MaxReasonLength = 1000;

    public RetentionPolicy Policy { get; init; } = new();

    /// <summary>Snapshots that a person names; null removes what the policy's rules do not keep.</summary>
    public Func<SnapshotCatalog, IEnumerable<Snapshot>>? Named { get; init; }

    /// <summary>Which data sets the rules are for; null for all.</summary>
    public Func<string, bool>? IsMeant { get; init; }
}

/// <param name="Snapshot">One that the request is about.</param>
/// <param name="Planned">With its reasons to stay.</param>
public sealed record PlannedRemoval(Snapshot Snapshot, PlannedSnapshot Planned)
{
    /// <summary>What to tell somebody who named a snapshot that must stay; null where it may go.</summary>
    public VaultException? Refusal => Planned.Reasons.Count == 0 ? null : new VaultException(
        Planned.Reasons[0].Kind switch
        {
            KeepReasonKind.LegalHold => FaultCodes.SnapshotHeld,
            KeepReasonKind.RetentionFloor => FaultCodes.BelowRetentionFloor,
            KeepReasonKind.DataSetFrozen => FaultCodes.RetentionFrozen,
            _ => FaultCodes.LastGoodSnapshot,
        },
        $"The snapshot {Snapshot.Id} of '{Snapshot.DataSet}' stays: {string.Join("; ", Planned.Reasons)}.");
}

/// <summary>What a request comes to at the moment; nothing is done.</summary>
public sealed record RemovalPlan(StoreClock Clock, SnapshotCatalog Catalog, IReadOnlyList<SnapshotFact> Facts, IReadOnlyList<PlannedRemoval> Snapshots)
{
    public IEnumerable<Snapshot> Expired => Snapshots.Where(static removal => removal.Planned.IsExpired).Select(static removal => removal.Snapshot);

    /// <summary>A look that writes nothing, and so goes by this computer's clock.</summary>
    /// <exception cref="KeyException">RoleMissing, MemberRevoked.</exception>
    /// <exception cref="RequestException">KeepsNothing, before any I/O.</exception>
    /// <exception cref="VaultException">NoSuchSnapshot, AmbiguousSnapshot.</exception>
    public static Task<RemovalPlan> MakeAsync(RemovalRequest request, CancellationToken cancellationToken) =>
        MakeAsync(request, static vault => Task.FromResult(StoreClock.Guess(vault)), cancellationToken);

    /// <param name="ask">What tells the store's time; not asked where nothing may be done.</param>
    internal static async Task<RemovalPlan> MakeAsync(RemovalRequest request, Func<UnlockedVault, Task<StoreClock>> ask, CancellationToken cancellationToken)
    {
        if (request.Named is null)
        {
            request.Policy.RequireKeepsSomething();
        }

        request.Vault.RequireRole(Crypto.MemberRoles.Maintainer);
        var clock = await ask(request.Vault);
        var catalog = await SnapshotCatalog.LoadAsync(request.Vault, cancellationToken);
        var facts = RetentionFacts.Of(request.Vault, catalog);
        var planned = PlanOf(request, facts, clock.AtLeast).Snapshots.ToDictionary(static item => item.Fact.Id);
        var meant = request.Named?.Invoke(catalog).Distinct() ?? catalog.Snapshots.Where(snapshot => request.IsMeant?.Invoke(snapshot.DataSet) != false);
        return new RemovalPlan(clock, catalog, facts, [.. meant.Select(snapshot => new PlannedRemoval(snapshot, planned[snapshot.Id]))]);
    }

    private static RetentionPlan PlanOf(RemovalRequest request, IReadOnlyList<SnapshotFact> facts, DateTimeOffset now)
    {
        var policy = request.Policy with { Floor = request.Vault.Register.Policy.RetentionFloor };
        return request.Named is null ? policy.Plan(facts, now) : policy.PlanByName(facts, now);
    }
}
