using SecureBackup.Targets.S3;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.Wasabi;

/// <summary>A bucket of Wasabi.</summary>
internal sealed class WasabiSetup(S3Settings settings, S3Credentials credentials, TimeProvider time) : S3Setup(settings, credentials, time)
{
    protected override async Task<IReadOnlyList<TargetFact>> CompleteAsync(IReadOnlyList<TargetFact> facts, CancellationToken cancellationToken)
    {
        var policy = await Facts.ReadOwnAsync(SetupItem.RetentionPolicy, CompliancePolicy.Query, CompliancePolicy.Root, CompliancePolicy.Describe, cancellationToken);
        return [.. facts, policy.State == FactState.Known ? policy with { Value = policy.Value ?? SetupItem.Off } : policy];
    }
}
