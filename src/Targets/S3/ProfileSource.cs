using Amazon.Runtime.CredentialManagement;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.S3;

/// <summary>
/// Sessions by a profile of the files that AWS's own tools share. They are read anew for each session: whoever logs in there writes another one. Roles in them are taken on
/// as a target's own are; what else a profile can be, the SDK does.
/// </summary>
internal sealed class ProfileSource : ISessionSource
{
    private const string FileVariable = "AWS_SHARED_CREDENTIALS_FILE";
    private const string Default = "default";

    private readonly string _name;
    private readonly Func<string, string?> _environment;

    private ProfileSource(string name, Func<string, string?> environment) => (_name, _environment) = (name, environment);

    public string Label => $"of the profile '{_name}'";

    public string Remedy => "Log in with the tool that writes the profile, or correct its keys.";

    /// <summary>What is in force where none is named; null where there is no such profile.</summary>
    public static string? Found(Func<string, string?> environment)
    {
        var name = environment("AWS_PROFILE") is { Length: > 0 } set ? set : Default;
        return Find(name, environment, out _) is not null || !string.Equals(name, Default, StringComparison.Ordinal) ? name : null;
    }

    /// <param name="take">Takes a role on: by its profile, with a source of what it is taken on with, or with the file of a web identity.</param>
    /// <exception cref="RequestException"><c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public static ISessionSource Of(string name, Func<string, string?> environment, Func<CredentialProfileOptions, ISessionSource?, ISessionSource> take, Func<string, ISessionSource> identity)
    {
        var options = Require(name, environment, out _);
        return options switch
        {
            { RoleArn: null } => new ProfileSource(name, environment),
            { MfaSerial: not null } => throw NotUsable(name, "asks for a second factor, and nobody is there to give one"),
            { WebIdentityTokenFile: not null } => take(options, null),
            { SourceProfile: { } source } when string.Equals(source, name, StringComparison.Ordinal) => take(options, new ProfileSource(name, environment)),
            { SourceProfile: { } source } when Require(source, environment, out _).RoleArn is null => take(options, new ProfileSource(source, environment)),
            { SourceProfile: not null } => throw NotUsable(name, "takes a role on with another role"),
            { CredentialSource: { } source } => take(options, identity(source)),
            _ => throw NotUsable(name, "names a role and not what it is taken on with"),
        };
    }

    public async Task<S3Session> AskAsync()
    {
        var options = Require(_name, _environment, out var store);
        if (options is { AccessKey: { Length: > 0 } id, SecretKey: { Length: > 0 } secret })
        {
            return S3Session.Of(id, secret, options.Token);
        }

        try
        {
            var keys = AWSCredentialsFactory.GetAWSCredentials(new CredentialProfile(_name, options), store);
            var given = await keys.GetCredentialsAsync();
            return S3Session.Of(given.AccessKey, given.SecretKey, given.Token, keys.Expiration is { } ends ? new DateTimeOffset(ends.ToUniversalTime()) : null);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The SDK throws whatever a process wrote, which may be the keys.
            throw NotUsable(_name, "gives no keys");
        }
    }

    public void Dispose()
    {
    }

    private static CredentialProfileOptions Require(string name, Func<string, string?> environment, out ICredentialProfileStore? store) => Find(name, environment, out store)
        ?? throw new RequestException(FaultCodes.CredentialMissing, $"There is no profile '{name}' in the files that AWS's tools share.") { Remedy = "Look with aws configure list-profiles." };

    private static CredentialProfileOptions? Find(string name, Func<string, string?> environment, out ICredentialProfileStore? store)
    {
        store = null;
        try
        {
            if (!new CredentialProfileStoreChain(environment(FileVariable)).TryGetProfile(name, out var profile))
            {
                return null;
            }

            store = profile.CredentialProfileStore;
            return profile.Options;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw NotUsable(name, "cannot be read from the files that AWS's tools share");
        }
    }

    private static RequestException NotUsable(string name, string problem) => new(FaultCodes.CredentialNotUsable, $"The profile '{name}' {problem}.") { Remedy = "Correct it, or give another credential." };
}
