using SecureBackup.Engine.Targets;
using SecureBackup.Targets.IbmCos;
using SecureBackup.Tests.Servers;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>IBM's ways with an access key on a real server, which has no archive. Nobody has tried whether it keeps the condition of a put.</summary>
public sealed class CephAsIbmConformance : CephFamilyConformance
{
    protected override string AddressOf(string bucket, string prefix) => $"ibmcos://{bucket}/{prefix}?region=eu-de";

    protected override TargetCapabilities Expected { get; } = OfFamily with { MaxObjectBytes = 10L << 40, Region = "eu-de" };

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes)] = "Without the condition a look before the put is no atomic step.",
    };

    private protected override Target Open(string address, S3Key key) => S3Scene.Open(address, IbmCosProfile.Instance with { ColdClasses = [] }, key);
}
