using SecureBackup.Engine.Faults;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.IbmCos;

/// <summary>A bucket of IBM Cloud Object Storage, whose settings take a while until everybody sees them.</summary>
internal sealed class IbmCosSetup(S3Settings settings, S3Credentials credentials, TimeProvider time) : S3Setup(settings, credentials, time)
{
    protected override TimeSpan SettlesWithin => TimeSpan.FromSeconds(60);

    public override Task<IReadOnlyList<SetupChange>> PlanAsync(SetupWishes wishes, IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken) =>
        facts is [{ Item: SetupItem.Place, Value: null }] && Settings.Authorize is not null && !Settings.OwnOptions.ContainsKey(IbmCosProfile.InstanceOption)
            ? throw new RequestException(FaultCodes.TargetOptionInvalid, $"To make the bucket {Settings.Bucket} with an API key it takes the service instance that it is to belong to, as the option '{IbmCosProfile.InstanceOption}' (its CRN or GUID).")
            : base.PlanAsync(wishes, facts, cancellationToken);

    /// <summary>The class of the bucket too, since it says what reading and early deleting cost.</summary>
    public override IReadOnlyDictionary<string, string> OptionsFrom(IReadOnlyList<TargetFact> facts)
    {
        var options = new Dictionary<string, string>(base.OptionsFrom(facts), StringComparer.Ordinal);
        if (facts.FirstOrDefault(static fact => fact.Item is SetupItem.Region)?.Value is { } location && location.StartsWith($"{Settings.Region}-", StringComparison.Ordinal)
            && location[(Settings.Region.Length + 1)..].ToUpperInvariant() is var name && IbmCosProfile.Instance.BucketClasses.Contains(name, StringComparer.Ordinal))
        {
            options["storageclass"] = name;
        }

        return options;
    }

    protected override async Task<IReadOnlyList<TargetFact>> CompleteAsync(IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken)
    {
        var policy = await Facts.ReadOwnAsync(SetupItem.RetentionPolicy, ProtectionPolicy.Query, ProtectionPolicy.Root, ProtectionPolicy.Describe, cancellationToken);
        var replication = facts.First(static fact => fact.Item is SetupItem.Replication);
        if (replication is { State: FactState.Known, Value: { } rules })
        {
            var failures = await Facts.ReadOwnAsync(SetupItem.Replication, ReplicationFailures.Query, ReplicationFailures.Root, ReplicationFailures.Describe, cancellationToken);
            replication = replication with { Value = $"{rules}; {(failures.State == FactState.Known ? failures.Value ?? "nothing failed" : "what failed cannot be asked for")}" };
        }

        return [.. facts.Where(static fact => fact.Item is not SetupItem.Replication), replication, policy.State == FactState.Known ? policy with { Value = policy.Value ?? SetupItem.Off } : policy];
    }
}
