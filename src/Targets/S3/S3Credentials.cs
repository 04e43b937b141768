using Amazon.Runtime;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.S3;

/// <summary>From a credential to what the SDK signs with. The SDK keeps strings; they live as long as its client does.</summary>
internal static class S3Credentials
{
    /// <exception cref="RequestException"><c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public static AWSCredentials From(TargetCredential credential, S3Settings settings)
    {
        if (credential.Secret.Length > 0)
        {
            return credential.User is { Length: > 0 } id
                ? new BasicAWSCredentials(id, new string(credential.Secret.Span))
                : throw NotUsable(credential, settings, "an access key id as the user and the secret key as the password");
        }

        throw new RequestException(FaultCodes.CredentialMissing, $"{settings.DisplayName} needs an access key: its id as the user and the secret key as the password.");
    }

    private static RequestException NotUsable(TargetCredential credential, S3Settings settings, string needed) =>
        new(FaultCodes.CredentialNotUsable, $"{settings.Profile.Name} takes {needed}; the credential {credential.Label} is none.");
}
