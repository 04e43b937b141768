using Azure.Storage.Blobs.Models;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Targets.Azure;

/// <summary>
/// Locks of the newest version: an unlocked policy may be lifted by whoever has the right to, a locked one by nobody. Always read back, since a server that does
/// not know them ignores them without a word.
/// </summary>
internal sealed class AzureLocks(AzureClient client, AzureSettings settings, AzureNaming naming, AzureDeletes deletes)
{
    public static BlobImmutabilityPolicy? PolicyOf(ObjectLock? asked) => asked is null ? null : new BlobImmutabilityPolicy
    {
        ExpiresOn = AzureTimes.NotBefore(asked.Until),
        PolicyMode = asked.Mode == LockMode.Compliance ? BlobImmutabilityPolicyMode.Locked : BlobImmutabilityPolicyMode.Unlocked,
    };

    public static LockState StateOf(BlobImmutabilityPolicy? policy, bool isHeld) => new(
        policy switch
        {
            { PolicyMode: BlobImmutabilityPolicyMode.Locked, ExpiresOn: { } until } => new ObjectLock(LockMode.Compliance, until),
            { PolicyMode: BlobImmutabilityPolicyMode.Unlocked, ExpiresOn: { } until } => new ObjectLock(LockMode.Governance, until),
            _ => null,
        },
        isHeld);

    /// <param name="version">Null for the newest.</param>
    public async Task<LockState> GetAsync(ObjectName name, CancellationToken cancellationToken, string? version = null)
    {
        var answer = await client.SendAsync(
            AzureDeed.Stat(name), (container, guard) => container.GetBlobClient(naming.KeyOf(name)).WithVersion(version).GetPropertiesAsync(cancellationToken: guard.Token), cancellationToken);
        return StateOf(answer.Value.ImmutabilityPolicy, answer.Value.HasLegalHold);
    }

    /// <summary>What the store kept of the lock that a put asked for; where that is less, the version goes again.</summary>
    public async Task<LockState> RequireKeptAsync(ObjectName name, BlobContentInfo put, PutOptions options, CancellationToken cancellationToken)
    {
        var kept = await GetAsync(name, cancellationToken, put.VersionId);
        if ((options.Lock is null || kept.IsAtLeast(options.Lock)) && (!options.LegalHold || kept.LegalHold))
        {
            return kept;
        }

        try
        {
            await deletes.TakeBackAsync(name, put, cancellationToken);
        }
        catch (TargetException)
        {
            // It stays, with less of a lock: that is what the caller must know.
        }

        throw NotKept(name, options.Lock, kept);
    }

    public async Task<LockState> ExtendAsync(ObjectName name, ObjectLock until, CancellationToken cancellationToken)
    {
        var stands = await GetAsync(name, cancellationToken);
        if (stands.Lock is { } old && (until.Mode < old.Mode || until.Until < old.Until))
        {
            throw new TargetException(TargetFault.Locked, $"'{name}' in {settings.DisplayName} is locked until {old.Until:u} ({old.Mode}), which is not made weaker.");
        }

        await client.SendAsync(
            AzureDeed.Lock(name),
            (container, guard) => container.GetBlobClient(naming.KeyOf(name)).SetImmutabilityPolicyAsync(PolicyOf(until), cancellationToken: guard.Token),
            cancellationToken);
        var kept = await GetAsync(name, cancellationToken);
        return kept.IsAtLeast(until) ? kept : throw NotKept(name, until, kept);
    }

    public async Task<LockState> SetHoldAsync(ObjectName name, bool isHeld, CancellationToken cancellationToken)
    {
        await client.SendAsync(
            AzureDeed.Lock(name), (container, guard) => container.GetBlobClient(naming.KeyOf(name)).SetLegalHoldAsync(isHeld, guard.Token), cancellationToken);
        var kept = await GetAsync(name, cancellationToken);
        return kept.LegalHold == isHeld
            ? kept
            : throw new TargetException(TargetFault.LockNotKept, $"'{name}' in {settings.DisplayName} was to be {(isHeld ? "held" : "released")}, and the store says that it is not.");
    }

    private TargetException NotKept(ObjectName name, ObjectLock? asked, LockState kept) => new(
        TargetFault.LockNotKept,
        $"{settings.DisplayName} was asked for {(asked is null ? "a legal hold" : $"{asked.Mode} until {asked.Until:u}")} of '{name}' and says {(kept.Lock is { } found ? $"{found.Mode} until {found.Until:u}" : "none")}.");
}
