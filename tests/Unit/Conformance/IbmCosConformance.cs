using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.IbmCos;
using SecureBackup.Targets.S3;
using SecureBackup.Tests.Servers.Doubles.Ibm;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>A store that takes tokens instead of signatures, over TLS, and knows the first version of listings alone.</summary>
public sealed class IbmCosConformance : S3DoubleConformance
{
    private IbmIamDouble _iam = null!;

    protected override TargetCapabilities Expected { get; } = OfFamily with { ColdStorage = true, MaxObjectBytes = 10L << 40, Region = "eu-de" };

    protected override IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [nameof(Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes)] = "Without the condition a look before the put is no atomic step.",
    };

    private protected override S3Profile Profile => IbmCosProfile.Instance;

    private protected override S3DoubleOptions Options => field ??= new S3DoubleOptions
    {
        Region = "eu-de", IsSecure = true, Time = Clock, HasOldListingsOnly = true, IgnoresConditions = true, IsToken = authorization => _iam.IsValid(authorization),
    };

    protected override string AddressOf(string bucket, string prefix) => $"ibmcos://{bucket}/{prefix}?region=eu-de&versioning=on";

    protected override async ValueTask<Target> CreateAsync()
    {
        _iam = await IbmIamDouble.StartAsync(Clock);
        return await base.CreateAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (_iam is not null)
        {
            await _iam.DisposeAsync();
        }
    }

    private protected override Target Open(string address)
    {
        using var credential = TargetCredential.Of("apikey", _iam.ApiKey, "of the test");
        var settings = S3Settings.From(new TargetSettings { Address = TargetUri.Parse(address) }, Profile, TimeSpan.FromSeconds(60));
        var (authorized, credentials) = IamKey.Authorize(S3Scene.InShortParts(settings), credential, Clock, _iam.TokenAddress);
        return new S3Target(authorized, credentials, new OpenContext(NullSink.Instance, TimeProvider.System));
    }
}
