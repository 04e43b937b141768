using SecureBackup.Engine.Faults;
using SecureBackup.Targets.S3;

namespace SecureBackup.Targets.Wasabi;

/// <summary>Wasabi: the sums of a body are its signature's and Content-MD5, every object is encrypted, and what is deleted within 90 days is paid for all the same.</summary>
internal static class WasabiProfile
{
    /// <summary>The only region whose host does not name it.</summary>
    private const string FirstRegion = "us-east-1";

    public static S3Profile Instance { get; } = new()
    {
        Name = "Wasabi",
        Scheme = "wasabi",
        EndpointOf = static (region, _) => region is FirstRegion ? "https://s3.wasabisys.com" : $"https://s3.{region}.wasabisys.com",
        Regions =
        [
            FirstRegion, "us-east-2", "us-central-1", "us-west-1", "ca-central-1", "eu-central-1", "eu-central-2", "eu-west-1", "eu-west-2", "eu-south-1",
            "ap-northeast-1", "ap-northeast-2", "ap-southeast-1", "ap-southeast-2",
        ],
        UsesPathStyle = true,
        Payload = PayloadMode.Signed,
        SendsMd5 = true,
        TakesChecksumHeaders = false,
        ConditionalPut = ConditionalPutSupport.Probe,
        AsksForEncryption = true,
        ReadyClasses = ["STANDARD"],
        MovesPacksToArchive = false,
        TakesKmsKeys = false,
        LocksLate = false,
        LocationOf = static (region, _) => region is FirstRegion ? null : region,
        MinStorageTime = TimeSpan.FromDays(90),
        KeyRemedy = "Correct the key before the next try: after several wrong ones Wasabi refuses the account for five minutes, right ones too.",
        OwnFault = FaultOf,
    };

    private static TargetFault? FaultOf(string code, string message) => code switch
    {
        "AuthenticationLockout" => TargetFault.KeyRejected,
        "AccountNotActivated" => TargetFault.AccessDenied,
        "DisconnectError" => TargetFault.Unavailable,
        _ => null,
    };
}
