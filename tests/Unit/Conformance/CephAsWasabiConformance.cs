using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>Wasabi's ways on a real server, at a place where the condition of a put was tried and is kept.</summary>
public sealed class CephAsWasabiConformance : CephFamilyConformance
{
    /// <summary>Ceph has no keys of its own to encrypt with.</summary>
    protected override string AddressOf(string bucket, string prefix) => $"wasabi://{bucket}/{prefix}?region=eu-central-1&conditionalput=yes&sse=off";

    protected override TargetCapabilities Expected { get; } = OfFamily with { ConditionalPut = true, MinStorageTime = TimeSpan.FromDays(90), Region = "eu-central-1" };
}
