using SecureBackup.Engine.Targets;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.Wasabi;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A store that passes the condition of a put over, takes no checksums of the newer kind, and confirms the encryption.</summary>
public sealed class WasabiConformance : S3DoubleConformance
{
    protected override TargetCapabilities Expected { get; } = OfFamily with { MinStorageTime = TimeSpan.FromDays(90), Region = "eu-central-2" };

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes)] = "Without the condition a look before the put is no atomic step.",
    };

    private protected override S3Profile Profile => WasabiProfile.Instance;

    private protected override S3DoubleOptions Options => field ??= new S3DoubleOptions { Region = "eu-central-2", Time = Clock, IgnoresConditions = true, RefusesChecksums = true };

    protected override string AddressOf(string bucket, string prefix) => $"wasabi://{bucket}/{prefix}?region=eu-central-2&versioning=on";
}
