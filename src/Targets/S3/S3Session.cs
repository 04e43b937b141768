using Amazon.Runtime;

namespace SecureBackup.Targets.S3;

/// <summary>What requests are signed with for a while. ToString says nothing.</summary>
/// <param name="Ends">By this computer's clock; null where it is not known to end.</param>
internal sealed record S3Session(AWSCredentials Keys, string KeyId, DateTimeOffset? Ends)
{
    /// <param name="token">Null for a pair that has none.</param>
    public static S3Session Of(string keyId, string secret, string? token, DateTimeOffset? ends = null) => new(
        token is { Length: > 0 } ? new SessionAWSCredentials(keyId, secret, token) : new BasicAWSCredentials(keyId, secret), keyId, ends);

    public override string ToString() => nameof(S3Session);
}

/// <summary>Where sessions are had.</summary>
internal interface ISessionSource : IDisposable
{
    /// <summary>For errors: whose they are, or where they come from.</summary>
    string Label { get; }

    /// <summary>What to do where the store refuses one; null where the platform says it.</summary>
    string? Remedy { get; }

    /// <summary>Ends within the time that a request may stand still.</summary>
    /// <exception cref="Engine.Faults.BackupException">None can be had. What was said about it is not in it: it may hold what was sent.</exception>
    Task<S3Session> AskAsync();
}
