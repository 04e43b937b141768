using System.Diagnostics;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Aws;
using SecureBackup.Targets.Azure;
using SecureBackup.Targets.BackblazeB2;
using SecureBackup.Targets.Google;
using SecureBackup.Targets.IbmCos;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.S3Compatible;
using SecureBackup.Targets.Setup;
using SecureBackup.Targets.Sftp;
using SecureBackup.Targets.Wasabi;
using SecureBackup.Targets.WebDav;

namespace SecureBackup.Targets;

/// <summary>From an address to the platform that keeps it.</summary>
public static class RemoteTargets
{
    /// <summary>Asks nothing of the store. The target is bare: what retries, limits and caches goes around it.</summary>
    /// <param name="credential">May be disposed of once the target is open.</param>
    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>SecretInAddress</c>, <c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public static Target Open(TargetSettings settings, TargetCredential credential, OpenContext context) => settings.Address.Scheme switch
    {
        "azblob" => OpenAzure(AzureSettings.From(settings, context.StallTimeout), credential, context),
        "gs" => OpenGoogle(GcsSettings.From(settings, context.StallTimeout), credential, context),
        "sftp" => OpenSftp(SftpSettings.From(settings, context.StallTimeout), credential, context),
        "dav" or "davs" => new WebDavTarget(DavSettings.From(settings, credential, context.StallTimeout), context.Time),
        _ => OpenS3(S3Settings.From(settings, S3ProfileOf(settings), context.StallTimeout), credential, context),
    };

    /// <summary>Asks nothing of the store.</summary>
    /// <inheritdoc cref="Open"/>
    public static TargetSetup OpenSetup(TargetSettings settings, TargetCredential credential, OpenContext context) => settings.Address.Scheme switch
    {
        "azblob" => SetUpAzure(AzureSettings.From(settings, context.StallTimeout), credential, context),
        "gs" => SetUpGoogle(GcsSettings.From(settings, context.StallTimeout), credential, context),
        "sftp" => SetUpSftp(SftpSettings.From(settings, context.StallTimeout), credential, context),
        "dav" or "davs" => new WebDavSetup(DavSettings.From(settings, credential, context.StallTimeout), context.Time),
        _ => SetUpS3(S3Settings.From(settings, S3ProfileOf(settings), context.StallTimeout), credential, context),
    };

    public static string PlatformOf(TargetSettings settings) => settings.Address.Scheme switch
    {
        "azblob" => AzureSettings.Platform,
        "gs" => GcsSettings.Platform,
        "sftp" => SftpSettings.Platform,
        "dav" or "davs" => DavSettings.Platform,
        _ => S3ProfileOf(settings).Name,
    };

    public static string PlatformOf(TargetUri address) => PlatformOf(new TargetSettings { Address = address });

    private static AzureBlobTarget OpenAzure(AzureSettings settings, TargetCredential credential, OpenContext context) =>
        new(settings, AzureCredentials.From(credential, settings), context.Time);

    private static AzureSetup SetUpAzure(AzureSettings settings, TargetCredential credential, OpenContext context) =>
        new(settings, AzureCredentials.From(credential, settings), context.Time);

    private static SftpTarget OpenSftp(SftpSettings settings, TargetCredential credential, OpenContext context) =>
        new(settings, new SftpLogin(settings, credential), context.Time);

    private static SftpSetup SetUpSftp(SftpSettings settings, TargetCredential credential, OpenContext context) =>
        new(settings, new SftpLogin(settings, credential), context.Time);

    private static GcsTarget OpenGoogle(GcsSettings settings, TargetCredential credential, OpenContext context) =>
        new(settings, GcsCredentials.From(credential, settings), context.Time);

    private static GcsSetup SetUpGoogle(GcsSettings settings, TargetCredential credential, OpenContext context) =>
        new(settings, GcsCredentials.From(credential, settings), context.Time);

    private static S3Target OpenS3(S3Settings settings, TargetCredential credential, OpenContext context)
    {
        var (authorized, credentials) = AuthorizeS3(settings, credential, context);
        return new S3Target(authorized, credentials, context);
    }

    private static S3Setup SetUpS3(S3Settings settings, TargetCredential credential, OpenContext context)
    {
        var (authorized, credentials) = AuthorizeS3(settings, credential, context);
        return settings.Profile.Scheme switch
        {
            "wasabi" => new WasabiSetup(authorized, credentials, context.Time),
            "ibmcos" => new IbmCosSetup(authorized, credentials, context.Time),
            _ => new S3Setup(authorized, credentials, context.Time),
        };
    }

    private static (S3Settings Settings, S3Credentials Credentials) AuthorizeS3(S3Settings settings, TargetCredential credential, OpenContext context) =>
        IamKey.IsOne(credential, settings.Profile) ? IamKey.Authorize(settings, credential, context.Time) : (settings, S3Identities.From(credential, settings, context.Time));

    private static S3Profile S3ProfileOf(TargetSettings settings) => settings.Address.Scheme switch
    {
        "s3" when settings.Option("endpoint") is not null => S3CompatibleProfile.Instance,
        "s3" => AwsProfile.Instance,
        "wasabi" => WasabiProfile.Instance,
        "ibmcos" => IbmCosProfile.Instance,
        "b2" => BackblazeB2Profile.Instance,
        var other => throw new UnreachableException($"No address begins with {other}://."),
    };
}
