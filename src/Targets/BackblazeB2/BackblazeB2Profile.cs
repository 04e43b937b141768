using SecureBackup.Engine.Faults;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.BackblazeB2;

/// <summary>Backblaze B2 by its S3 API: every bucket keeps versions, checksums besides Content-MD5 are refused, and caps of the account are told as missing rights.</summary>
internal static class BackblazeB2Profile
{
    public static S3Profile Instance { get; } = new()
    {
        Name = "Backblaze B2",
        Scheme = "b2",
        EndpointOf = static (region, _) => $"https://s3.{region}.backblazeb2.com",
        Regions = ["us-west-000", "us-west-001", "us-west-002", "us-west-004", "us-east-005", "eu-central-003", "ca-east-006"],
        Payload = PayloadMode.Signed,
        SendsMd5 = true,
        TakesChecksumHeaders = false,
        ConditionalPut = ConditionalPutSupport.Probe,
        IsVersioned = true,
        MovesPacksToArchive = false,
        TakesKmsKeys = false,
        BucketsLack = [SetupItem.PublicAccessBlock, SetupItem.ObjectOwnership, SetupItem.TransportPolicy, SetupItem.Replication],
        LocationOf = static (region, _) => region,
        ReadyClasses = ["STANDARD"],
        KeyRemedy = "Use an application key: the master key is refused by the S3 API. Its id is the user and the key itself the password.",
        OwnFault = FaultOf,
    };

    /// <summary>A cap has no code of its own: only its message tells it from a right that is missing.</summary>
    private static TargetFault? FaultOf(string code, string message) => code switch
    {
        "AccessDenied" when message.Contains("cap exceeded", StringComparison.OrdinalIgnoreCase) => TargetFault.QuotaExceeded,
        "storage_cap_exceeded" or "transaction_cap_exceeded" or "download_cap_exceeded" => TargetFault.QuotaExceeded,
        _ => null,
    };
}
