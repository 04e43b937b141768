using SecureBackup.Targets.S3;

namespace SecureBackup.Targets.S3Compatible;

/// <summary>A server of one's own or of a provider that has no platform here: Ceph, MinIO and others, by the address of their endpoint.</summary>
internal static class S3CompatibleProfile
{
    public static S3Profile Instance { get; } = new()
    {
        Name = "S3 compatible",
        Scheme = "s3",
        DefaultRegion = "us-east-1",
        UsesPathStyle = true,
        Payload = PayloadMode.Signed,
        ConditionalPut = ConditionalPutSupport.Unproved,
        TakesIdentities = true,
        OwnOptions = ["rolearn", "externalid"],
    };
}
