using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.S3;

namespace SecureBackup.Targets.IbmCos;

/// <summary>An API key of IBM Cloud: not what signs, but what access tokens are had for.</summary>
internal static class IamKey
{
    private const string User = "apikey";

    private static readonly Uri Public = new("https://iam.cloud.ibm.com/identity/token");
    private static readonly Uri Private = new("https://private.iam.cloud.ibm.com/identity/token");

    public static bool IsOne(TargetCredential credential, S3Profile profile) =>
        ReferenceEquals(profile, IbmCosProfile.Instance) && string.Equals(credential.User, User, StringComparison.OrdinalIgnoreCase) && !credential.Secret.IsEmpty;

    /// <summary>Settings whose requests carry tokens, and credentials whose signatures these take the place of.</summary>
    /// <param name="tokens">Null for IBM's own, by the network that the store is reached through.</param>
    public static (S3Settings Settings, S3Credentials Credentials) Authorize(S3Settings settings, TargetCredential credential, TimeProvider time, Uri? tokens = null)
    {
        var address = tokens ?? (settings.Endpoint.Host.StartsWith("s3.private.", StringComparison.Ordinal) ? Private : Public);
        var key = new string(credential.Secret.Span);
        var label = credential.Label;
        var authorized = settings with { Authorize = inner => new IamSigner(inner, new IamTokens(settings, address, key, label, time), settings.OwnOptions.GetValueOrDefault(IbmCosProfile.InstanceOption)) };
        return (authorized, S3Credentials.Replaced(label, time));
    }
}
