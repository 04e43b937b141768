using Amazon.Runtime.CredentialManagement;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.S3;

/// <summary>
/// From what a target was given to what its requests are signed with: a pair of keys, what the platform knows this computer as, and a role that is taken on with either.
/// Nobody is asked before the first request.
/// </summary>
internal sealed class S3Identities
{
    private const string Keys = "an access key: its id as the user and the secret key as the password";
    private const string Takes = $"{Keys}; an identity: auto, instance, container, workload, profile:<name>; or a file with the token of a web identity, and the setting 'rolearn'";
    private const string ProfilePrefix = "profile:";
    private const string MachineVariable = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
    private const string NoMachineVariable = "AWS_EC2_METADATA_DISABLED";
    private const string WebTokenVariable = "AWS_WEB_IDENTITY_TOKEN_FILE";
    private const string WebRoleVariable = "AWS_ROLE_ARN";
    private const string Machine = "http://169.254.169.254";

    private readonly S3Settings _settings;
    private readonly TimeProvider _time;
    private readonly Func<string, string?> _environment;

    private S3Identities(S3Settings settings, TimeProvider time, Func<string, string?> environment) => (_settings, _time, _environment) = (settings, time, environment);

    /// <param name="environment">Null for that of this process.</param>
    /// <exception cref="RequestException"><c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public static S3Credentials From(TargetCredential credential, S3Settings settings, TimeProvider time, Func<string, string?>? environment = null)
    {
        var identities = new S3Identities(settings, time, environment ?? Environment.GetEnvironmentVariable);
        return new S3Credentials(identities.Of(credential), time);
    }

    private ISessionSource Of(TargetCredential credential)
    {
        if (credential.FilePath is { } file)
        {
            return _settings.Role is { } role && _settings.Profile.TakesIdentities
                ? RoleSource.OfWebIdentity(_settings, role, file, _time)
                : throw NotUsable(credential);
        }

        if (credential.Secret.Length > 0)
        {
            return credential.User is { Length: > 0 } id
                ? InRole(new KeySource(S3Session.Of(id, new string(credential.Secret.Span), new string(credential.Token.Span)), credential.Label))
                : throw NotUsable(credential);
        }

        return credential.Identity switch
        {
            null => throw Missing(),
            "auto" when !_settings.Profile.TakesIdentities => throw Missing(),
            _ when !_settings.Profile.TakesIdentities => throw NotUsable(credential),
            // It is a role's in itself, and -RoleArn says which one.
            "workload" => WebIdentity(_settings.Role?.Arn ?? _environment(WebRoleVariable)),
            "auto" => Found(),
            "instance" => InRole(Instance()),
            "container" => InRole(ContainerSource.Of(_environment, _time)),
            var profile when profile.StartsWith(ProfilePrefix, StringComparison.Ordinal) && profile.Length > ProfilePrefix.Length => InRole(Profile(profile[ProfilePrefix.Length..])),
            _ => throw NotUsable(credential),
        };
    }

    /// <summary>Where AWS's own tools look, in their order.</summary>
    private ISessionSource Found()
    {
        if (EnvironmentKeys() is { } keys)
        {
            return InRole(keys);
        }

        if (HasTokenService && _environment(WebTokenVariable) is { Length: > 0 } && _environment(WebRoleVariable) is { Length: > 0 } webRole)
        {
            return InRole(WebIdentity(webRole));
        }

        if (ProfileSource.Found(_environment) is { } profile)
        {
            return InRole(Profile(profile, isFound: true));
        }

        return ContainerSource.IsThere(_environment) ? InRole(ContainerSource.Of(_environment, _time))
            : _settings.Profile.IsOfMachines && !string.Equals(_environment(NoMachineVariable), "true", StringComparison.OrdinalIgnoreCase) ? InRole(Instance())
            : throw Missing();
    }

    private KeySource? EnvironmentKeys() =>
        _environment("AWS_ACCESS_KEY_ID") is { Length: > 0 } id && _environment("AWS_SECRET_ACCESS_KEY") is { Length: > 0 } secret
            ? new KeySource(S3Session.Of(id, secret, _environment("AWS_SESSION_TOKEN")), "in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
            : null;

    private InstanceSource Instance()
    {
        var given = _environment(MachineVariable) is { Length: > 0 } set ? set : Machine;
        return Uri.TryCreate(given, UriKind.Absolute, out var address) && address.Scheme is "http" or "https" && address.UserInfo.Length == 0
            ? new InstanceSource(address, _time)
            : throw new RequestException(FaultCodes.CredentialNotUsable, $"{MachineVariable} holds no address of a metadata service.") { Remedy = $"Take the variable away, or set it to such as {Machine}." };
    }

    private RoleSource WebIdentity(string? roleArn)
    {
        var file = _environment(WebTokenVariable) is { Length: > 0 } set
            ? set
            : throw new RequestException(FaultCodes.CredentialMissing, $"The variable {WebTokenVariable} names no file with the token of a web identity.") { Remedy = "Set it as the cluster does, or give -CredentialFile and -RoleArn." };
        var role = S3Role.Of(roleArn, null) ?? throw new RequestException(FaultCodes.CredentialMissing, $"A web identity takes on a role, and neither 'rolearn' nor the variable {WebRoleVariable} names one.")
        {
            Remedy = "Set it with Set-BackupTarget -RoleArn.",
        };
        return RoleSource.OfWebIdentity(_settings, role, file, _time);
    }

    private ISessionSource Profile(string name, bool isFound = false) => ProfileSource.Of(name, _environment, (profile, source) => TakeOn(profile, source, isFound), Named);

    private RoleSource TakeOn(CredentialProfileOptions profile, ISessionSource? source, bool isFound)
    {
        var role = S3Role.Of(profile.RoleArn, profile.ExternalID)!;
        return source is not null ? RoleSource.Of(_settings, role, new S3Credentials(source, _time), _time)
            : isFound && !HasTokenService ? throw Missing()
            : RoleSource.OfWebIdentity(_settings, role, profile.WebIdentityTokenFile, _time);
    }

    private ISessionSource Named(string source) => source switch
    {
        "Ec2InstanceMetadata" => Instance(),
        "EcsContainer" => ContainerSource.Of(_environment, _time),
        "Environment" => EnvironmentKeys() ?? throw Missing(),
        _ => throw new RequestException(FaultCodes.CredentialNotUsable, "The profile names an unknown 'credential_source'.") { Remedy = "AWS's tools know Ec2InstanceMetadata, EcsContainer and Environment." },
    };

    private ISessionSource InRole(ISessionSource source) => _settings.Role is { } role ? RoleSource.Of(_settings, role, new S3Credentials(source, _time), _time) : source;

    private RequestException Missing() => new(FaultCodes.CredentialMissing, $"{_settings.DisplayName} needs a credential, and none was found. {_settings.Profile.Name} takes {Taken}.");

    private RequestException NotUsable(TargetCredential credential) =>
        new(FaultCodes.CredentialNotUsable, $"{_settings.Profile.Name} takes {Taken}. The credential {credential.Label} is none of them.");

    /// <summary>Where the store itself gives sessions, the token of a web identity would go to whoever that is: only where it was named.</summary>
    private bool HasTokenService => _settings.Profile.TokenServiceOf is not null;

    private string Taken => _settings.Profile.TakesIdentities ? Takes : Keys;
}
