using Amazon;
using Amazon.SecurityToken.Endpoints;
using Amazon.SecurityToken.Internal;
using SecureBackup.Targets.S3;

namespace SecureBackup.Targets.Aws;

/// <summary>Amazon S3 itself.</summary>
internal static class AwsProfile
{
    public static S3Profile Instance { get; } = new()
    {
        Name = "AWS S3",
        Scheme = "s3",
        EndpointOf = Endpoint,
        DefaultRegion = Environment.GetEnvironmentVariable("AWS_REGION") is { Length: > 0 } region ? region : null,
        Payload = PayloadMode.Checksummed,
        SendsMd5WithLocks = false,
        ConditionalPut = ConditionalPutSupport.Yes,
        HasConditionalComplete = true,
        MultipartThresholdBytes = 128L << 20,
        AsksForEncryption = true,
        ReadyClasses = ["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER_IR"],
        ColdClasses = ["GLACIER", "DEEP_ARCHIVE"],
        MinStorageTimes = new Dictionary<string, TimeSpan>(StringComparer.Ordinal)
        {
            ["STANDARD_IA"] = TimeSpan.FromDays(30), ["GLACIER_IR"] = TimeSpan.FromDays(90), ["GLACIER"] = TimeSpan.FromDays(90), ["DEEP_ARCHIVE"] = TimeSpan.FromDays(180),
        },

        // The platform's first region is the one that must not be named.
        LocationOf = static (region, _) => region is "us-east-1" ? null : region,
        TakesIdentities = true,
        IsOfMachines = true,
        TokenServiceOf = TokenService,
        OwnOptions = ["fips", "dualstack", "rolearn", "externalid"],
    };

    private static string Endpoint(string region, Func<string, bool> isOn)
    {
        var name = $"s3{(isOn("fips") ? "-fips" : "")}{(isOn("dualstack") ? ".dualstack" : "")}";
        return $"https://{name}.{region}.{RegionEndpoint.GetBySystemName(region).PartitionDnsSuffix}";
    }

    /// <summary>Of the region: the one for all of them is another country's.</summary>
    private static string TokenService(string region, Func<string, bool> isOn) => Environment.GetEnvironmentVariable("AWS_ENDPOINT_URL_STS") is { Length: > 0 } own
        ? own
        : new AmazonSecurityTokenServiceEndpointProvider()
            .ResolveEndpoint(new SecurityTokenServiceEndpointParameters { Region = region, UseFIPS = isOn("fips"), UseDualStack = isOn("dualstack"), UseGlobalEndpoint = false }).URL;
}
