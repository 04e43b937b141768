using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>Backblaze's ways on a real server: versions and locks without a setting that says so, and no checksum but Content-MD5.</summary>
public sealed class CephAsB2Conformance : CephFamilyConformance
{
    /// <summary>Names of buckets are no names of hosts here.</summary>
    protected override string AddressOf(string bucket, string prefix) => $"b2://{bucket}/{prefix}?region=us-west-004&pathstyle=yes";

    protected override bool HasLock => true;

    protected override TargetCapabilities Expected { get; } = OfFamily with
    {
        ObjectLock = true,
        LockModes = LockModes.Governance | LockModes.Compliance,
        Versions = true,
        LegalHold = true,
        Region = "us-west-004",
    };

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes)] = "Without the condition a look before the put is no atomic step.",
    };

    protected override async Task AssertNothingThereAsync()
    {
        await base.AssertNothingThereAsync();
        Assert.Empty(await Target.ListVersionsAsync("", Cancel).ToListAsync(Cancel));
    }
}
