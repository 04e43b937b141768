using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>IBM's ways with an access key on a real server, as a bare address finds it: nobody has tried whether the condition of a put is kept.</summary>
public sealed class CephAsIbmConformance : CephFamilyConformance
{
    protected override string Address => "ibmcos://{0}/{1}?region=eu-de";

    protected override TargetCapabilities Expected { get; } = OfFamily with { ColdStorage = true, MaxObjectBytes = 10L << 40, Region = "eu-de" };

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes)] = "Without the condition a look before the put is no atomic step.",
    };
}
