using SecureBackup.Targets.S3;

namespace SecureBackup.Targets.IbmCos;

/// <summary>IBM Cloud Object Storage: the first version of listings, keys in them as they are, and two ways to authorize (<see cref="IamTokens"/>).</summary>
internal static class IbmCosProfile
{
    public const string PrivateOption = "private";

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
        OwnOptions = [PrivateOption],
    };
}
