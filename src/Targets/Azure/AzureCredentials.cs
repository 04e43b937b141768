using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Azure.Storage;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.Azure;

/// <summary>From a credential to what the SDK signs with: one of the three. The SDK keeps strings; they live as long as its client does.</summary>
/// <param name="Label">Whose it is, for errors.</param>
internal sealed record AzureCredentials(string Label)
{
    private const string SasUser = "sas";
    private const string Takes = $"{AzureSettings.Platform} takes an account key (the account as the user), a shared access signature (the user '{SasUser}'), "
        + "a client secret or a certificate file (the client id as the user, and the setting 'tenant'), or an identity: auto, instance, workload";

    public StorageSharedKeyCredential? Key { get; private init; }

    public AzureSasCredential? Sas { get; private init; }

    /// <summary>Tokens are fetched the same way as the store is reached: by its proxy, and trusting whom it trusts.</summary>
    public Func<HttpPipelineTransport, TokenCredential>? Token { get; private init; }

    /// <exception cref="RequestException"><c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public static AzureCredentials From(TargetCredential credential, AzureSettings settings)
    {
        var made = credential switch
        {
            { FilePath: { } path } => OfCertificate(credential, settings, path),
            { Secret.IsEmpty: false } => OfSecret(credential, settings),
            { Identity: { } identity } => OfIdentity(credential, settings, identity),
            _ => throw new RequestException(FaultCodes.CredentialMissing, $"{settings.DisplayName} needs a credential. {Takes}."),
        };
        return made.Token is null || settings.Endpoint.Scheme is "https"
            ? made
            : throw new RequestException(FaultCodes.CredentialNotUsable, $"{settings.DisplayName} is reached without TLS, and tokens are sent over TLS alone.");
    }

    private static AzureCredentials OfSecret(TargetCredential credential, AzureSettings settings)
    {
        var secret = new string(credential.Secret.Span);
        if (string.Equals(credential.User, SasUser, StringComparison.OrdinalIgnoreCase))
        {
            return secret.Contains("sig=", StringComparison.Ordinal)
                ? new AzureCredentials(credential.Label) { Sas = new AzureSasCredential(secret.TrimStart('?')) }
                : throw NotUsable(credential, "is no shared access signature");
        }

        if (settings.Tenant is { } tenant)
        {
            var id = credential.User ?? settings.ClientId ?? throw NotUsable(credential, "names no client");
            return new AzureCredentials(credential.Label)
            {
                Token = transport => new ClientSecretCredential(tenant, id, secret, With(new ClientSecretCredentialOptions { DisableInstanceDiscovery = true }, settings, transport)),
            };
        }

        if (credential.User is { Length: > 0 } account && !string.Equals(account, settings.Account, StringComparison.Ordinal))
        {
            throw NotUsable(credential, $"is for '{account}', and the account of the target is '{settings.Account}'");
        }

        return Convert.TryFromBase64String(secret, new byte[secret.Length], out var length) && length > 0
            ? new AzureCredentials(credential.Label) { Key = new StorageSharedKeyCredential(settings.Account, secret) }
            : throw NotUsable(credential, "is no account key");
    }

    private static AzureCredentials OfCertificate(TargetCredential credential, AzureSettings settings, string path)
    {
        if (settings.Tenant is not { } tenant || settings.ClientId is not { } id)
        {
            throw NotUsable(credential, "is a file, and needs the settings 'tenant' and 'clientid' beside it");
        }

        return File.Exists(path)
            ? new AzureCredentials(credential.Label)
            {
                Token = transport => new ClientCertificateCredential(tenant, id, path, With(new ClientCertificateCredentialOptions { DisableInstanceDiscovery = true }, settings, transport)),
            }
            : throw new RequestException(FaultCodes.CredentialMissing, $"The credential file '{path}' cannot be found.");
    }

    private static AzureCredentials OfIdentity(TargetCredential credential, AzureSettings settings, string identity) => new(credential.Label)
    {
        Token = identity switch
        {
            "instance" => _ => Instance(settings),
            "workload" => transport => Workload(settings, transport),
            "auto" => transport => new ChainedTokenCredential(
                new EnvironmentCredential(With(new EnvironmentCredentialOptions { DisableInstanceDiscovery = true }, settings, transport)), Workload(settings, transport), Instance(settings)),
            _ => throw NotUsable(credential, $"is none of the platform's"),
        },
    };

    /// <summary>The machine itself gives the tokens, in the open: no proxy is to see that.</summary>
    private static ManagedIdentityCredential Instance(AzureSettings settings) => new(
        With(
            new ManagedIdentityCredentialOptions(settings.ClientId is { } id ? ManagedIdentityId.FromUserAssignedClientId(id) : ManagedIdentityId.SystemAssigned),
            settings,
            new HttpClientTransport(AzureClient.HttpOf(settings with { Proxy = "none" }, new TargetMeter()))));

    private static WorkloadIdentityCredential Workload(AzureSettings settings, HttpPipelineTransport transport)
    {
        var options = With(new WorkloadIdentityCredentialOptions { DisableInstanceDiscovery = true }, settings, transport);
        (options.TenantId, options.ClientId) = (settings.Tenant ?? options.TenantId, settings.ClientId ?? options.ClientId);
        return new WorkloadIdentityCredential(options);
    }

    /// <summary>Where tokens are fetched is one of ours, or what the environment says: nobody else is asked whether it is one of the platform's.</summary>
    private static T With<T>(T options, AzureSettings settings, HttpPipelineTransport transport)
        where T : TokenCredentialOptions
    {
        options.Transport = transport;
        options.Retry.MaxRetries = 0;
        if (settings.Cloud.Name is not AzureCloud.Default)
        {
            options.AuthorityHost = settings.Cloud.Login;
        }

        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsTelemetryEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        return options;
    }

    private static RequestException NotUsable(TargetCredential credential, string problem) =>
        new(FaultCodes.CredentialNotUsable, $"The credential {credential.Label} {problem}. {Takes}.");
}
