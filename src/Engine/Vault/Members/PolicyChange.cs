using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Vault;

/// <summary>What of the vault's policy is to change; what is null stays.</summary>
public sealed record NewPolicy
{
    public TimeSpan? RetentionFloor { get; init; }

    public TimeSpan? ErasureHorizon { get; init; }

    public TrustedPacks? DeduplicationTrust { get; init; }

    public TimeSpan? GraceTime { get; init; }

    public TimeSpan? SessionLapse { get; init; }

    public int? OwnersNeeded { get; init; }
}

/// <summary>Changes the vault's policy, and refuses what would hurt it.</summary>
public static class PolicyChange
{
    /// <summary>A run announces itself eight times a lapse; below this a slow disk would end sessions that are alive.</summary>
    private static readonly TimeSpan MinLapse = TimeSpan.FromHours(1);

    /// <summary>Shorter, and a laptop that sleeps over the night loses what it leans on.</summary>
    private static readonly TimeSpan MinGrace = TimeSpan.FromHours(1);
    private static readonly TimeSpan MaxHorizon = TimeSpan.FromDays(3650);
    private static readonly TimeSpan MaxFloor = TimeSpan.FromDays(36_500);

    /// <returns>The policy as it will be, and whether it is so already or waits for further owners.</returns>
    /// <exception cref="KeyException">NotAnOwner.</exception>
    /// <exception cref="RequestException">InvalidVaultOption, OwnersTooFew.</exception>
    public static async Task<(VaultPolicy Policy, RegisterAppend Append)> ApplyAsync(UnlockedVault owner, NewPolicy wanted, CancellationToken cancellationToken)
    {
        owner.RequireOwner();
        await owner.RefreshAsync(cancellationToken);
        var now = owner.Register.Policy;
        var policy = now with
        {
            RetentionFloor = wanted.RetentionFloor ?? now.RetentionFloor,
            ErasureHorizon = wanted.ErasureHorizon ?? now.ErasureHorizon,
            DeduplicationTrust = wanted.DeduplicationTrust ?? now.DeduplicationTrust,
            GraceTime = wanted.GraceTime ?? now.GraceTime,
            SessionLapse = wanted.SessionLapse ?? now.SessionLapse,
            OwnersNeeded = wanted.OwnersNeeded ?? now.OwnersNeeded,
        };
        Validate(policy, owner.Register.Members.Values.Count(static member => !member.Entry.IsRevoked && member.Entry.Roles.HasFlag(MemberRoles.Owner)));
        return (policy, policy == now ? RegisterAppend.Stands : await owner.AppendAsync([policy], cancellationToken));
    }

    private static void Validate(VaultPolicy policy, int owners)
    {
        Require(policy.SessionLapse, MinLapse, VaultPolicy.MaxSessionLapse, "session lapse time");
        Require(policy.GraceTime, MinGrace, VaultPolicy.MaxGraceTime, "grace time");
        Require(policy.ErasureHorizon, TimeSpan.Zero, MaxHorizon, "erasure horizon");
        Require(policy.RetentionFloor, TimeSpan.Zero, MaxFloor, "retention floor");
        if (policy.OwnersNeeded is < 1 or > SignedObject.MaxSignatures)
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, $"From 1 to {SignedObject.MaxSignatures} owners can be needed, not {policy.OwnersNeeded}.");
        }

        if (policy.OwnersNeeded > owners)
        {
            throw new RequestException(FaultCodes.OwnersTooFew, $"The vault has {owners} owner(s); {policy.OwnersNeeded} could never sign.");
        }
    }

    /// <summary>Stored in whole seconds.</summary>
    private static void Require(TimeSpan time, TimeSpan min, TimeSpan max, string what)
    {
        if (time < min || time > max || time.Ticks % TimeSpan.TicksPerSecond != 0)
        {
            throw new RequestException(FaultCodes.InvalidVaultOption, $"The {what} is in whole seconds from {min:c} to {max:c}, not {time:c}.");
        }
    }
}
