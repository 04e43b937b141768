using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Aws;
using SecureBackup.Targets.S3;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>Amazon's own rules, over TLS: sums that the server proves, encryption that it confirms, conditional completion, archives.</summary>
public sealed class S3DoubleAwsConformance : S3DoubleConformance
{
    protected override TargetCapabilities Expected { get; } = OfFamily with { ConditionalPut = true, ColdStorage = true, Region = "eu-central-1" };

    private protected override S3Profile Profile => AwsProfile.Instance;

    private protected override S3DoubleOptions Options => field ??= new S3DoubleOptions { IsSecure = true, Time = Clock };

    protected override string AddressOf(string bucket, string prefix) => $"s3://{bucket}/{prefix}?region=eu-central-1&pathstyle=yes&versioning=on";
}
