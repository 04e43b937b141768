using Amazon.Runtime;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Aws;
using SecureBackup.Targets.BackblazeB2;
using SecureBackup.Targets.Google;
using SecureBackup.Targets.IbmCos;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.S3Compatible;
using SecureBackup.Targets.Wasabi;

namespace SecureBackup.Targets;

/// <summary>From an address to the platform that keeps it.</summary>
public static class RemoteTargets
{
    /// <summary>Asks nothing of the store. The target is bare: what retries, limits and caches goes around it.</summary>
    /// <param name="credential">May be disposed of once the target is open.</param>
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public static Target Open(TargetSettings settings, TargetCredential credential, OpenContext context)
    {
        if (settings.Address.Scheme is "gs")
        {
            var google = GcsSettings.From(settings, context.StallTimeout);
            return new GcsTarget(google, GcsCredentials.From(credential, google), context.Time);
        }

        var profile = S3ProfileOf(settings);
        var checkedSettings = S3Settings.From(settings, profile, context.StallTimeout);
        if (IamKey.IsOne(credential, profile))
        {
            return new S3Target(IamKey.Authorize(checkedSettings, credential, context.Time), new AnonymousAWSCredentials(), credential.Label, context.Time);
        }

        return new S3Target(checkedSettings, S3Credentials.From(credential, checkedSettings), credential.Label, context.Time);
    }

    public static string PlatformOf(TargetUri address) => address.Scheme is "gs" ? GcsSettings.Platform : S3ProfileOf(new TargetSettings { Address = address }).Name;

    private static S3Profile S3ProfileOf(TargetSettings settings) => settings.Address.Scheme switch
    {
        "s3" when settings.Option("endpoint") is not null => S3CompatibleProfile.Instance,
        "s3" => AwsProfile.Instance,
        "wasabi" => WasabiProfile.Instance,
        "ibmcos" => IbmCosProfile.Instance,
        "b2" => BackblazeB2Profile.Instance,
        var other => throw new RequestException(FaultCodes.PlatformNotInstalled, $"This build has no part for {other}://."),
    };
}
