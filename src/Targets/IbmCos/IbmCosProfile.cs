using SecureBackup.Targets.S3;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.IbmCos;

/// <summary>IBM Cloud Object Storage: the first version of listings, keys in them as they are, and two ways to authorize (<see cref="IamTokens"/>).</summary>
internal static class IbmCosProfile
{
    public const string PrivateOption = "private";

    /// <summary>The service instance that a new bucket belongs to.</summary>
    public const string InstanceOption = "instance";

    public static S3Profile Instance { get; } = new()
    {
        Name = "IBM Cloud Object Storage",
        Scheme = "ibmcos",
        EndpointOf = static (region, isOn) => $"https://s3.{(isOn(PrivateOption) ? "private." : "")}{region}.cloud-object-storage.appdomain.cloud",
        Regions =
        [
            "us", "eu", "ap",
            "us-south", "us-east", "eu-gb", "eu-de", "eu-es", "jp-tok", "jp-osa", "au-syd", "ca-tor", "ca-mon", "br-sao", "in-mum", "in-che",
            "ams03", "che01", "mel01", "mil01", "mon01", "par01", "sjc04", "sng01", "tor01", "osl01", "hkg02", "mex01", "seo01",
        ],
        UsesPathStyle = true,
        Payload = PayloadMode.Checksummed,
        ConditionalPut = ConditionalPutSupport.Probe,
        ListVersion = 1,
        EncodesListings = false,
        ReadyClasses = ["STANDARD"],
        ColdClasses = ["GLACIER", "ACCELERATED"],
        MaxObjectBytes = 10L << 40,
        KeyRemedy = "Give an access key of a service credential with HMAC, or 'apikey' as the user and an API key of IBM Cloud as the password.",
        HasWarmSpeeds = false,
        WarmsWithin = static (storageClass, _) => TimeSpan.FromHours(storageClass is "ACCELERATED" ? 2 : 12),
        BucketClasses = ["STANDARD", "SMART", "VAULT", "COLD", "FLEX", "ONERATE_ACTIVE"],
        MinStorageTimes = new Dictionary<string, TimeSpan>(StringComparer.Ordinal) { ["VAULT"] = TimeSpan.FromDays(30), ["COLD"] = TimeSpan.FromDays(90) },

        // A rule of a bucket is for the whole bucket there, and would take with the packs what is read all the time.
        MovesPacksToArchive = false,
        TakesKmsKeys = false,
        RetentionPolicyExcludesVersions = true,
        BucketsLack = [SetupItem.Encryption, SetupItem.ObjectOwnership, SetupItem.TransportPolicy],
        LocationOf = static (region, name) => $"{region}-{(name ?? "STANDARD").ToLowerInvariant()}",
        OwnOptions = [PrivateOption, InstanceOption],
    };
}
