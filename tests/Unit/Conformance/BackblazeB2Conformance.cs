using SecureBackup.Engine.Targets;
using SecureBackup.Targets.BackblazeB2;
using SecureBackup.Targets.S3;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A store whose buckets always keep versions, that refuses checksums of the newer kind and passes the condition of a put over.</summary>
public sealed class BackblazeB2Conformance : S3DoubleConformance
{
    protected override TargetCapabilities Expected { get; } = OfFamily with { Region = "us-west-004" };

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes)] = "Without the condition a look before the put is no atomic step.",
    };

    private protected override S3Profile Profile => BackblazeB2Profile.Instance;

    private protected override S3DoubleOptions Options => field ??= new S3DoubleOptions { Region = "us-west-004", Time = Clock, IgnoresConditions = true, RefusesChecksums = true };

    /// <summary>Names of buckets are no names of hosts here.</summary>
    protected override string AddressOf(string bucket, string prefix) => $"b2://{bucket}/{prefix}?region=us-west-004&pathstyle=yes";
}
