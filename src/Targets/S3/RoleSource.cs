using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>
/// Sessions of a role, from the platform's token service: for keys that may take it on, or for the token of a web identity. The service is reached the way the store is,
/// and its requests are none of the store's.
/// </summary>
internal sealed class RoleSource : ISessionSource
{
    private const string SessionName = "SecureBackup";
    private const int MaxTokenBytes = 20_000;

    /// <summary>What every role allows, and what roles that take on roles are held to.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromHours(1);

    /// <summary>What the service forgives.</summary>
    private static readonly TimeSpan MaxClockDifference = TimeSpan.FromMinutes(5);

    private readonly S3Settings _settings;
    private readonly S3Role _role;
    private readonly S3Credentials? _signer;
    private readonly string? _tokenFile;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly Sdk _sdk;

    private RoleSource(S3Settings settings, S3Role role, S3Credentials? signer, string? tokenFile, TimeProvider time)
    {
        (_settings, _role, _signer, _tokenFile, _time) = (settings, role, signer, tokenFile, time);
        _http = StoreHttp.CreateClient(new HttpStoreOptions
        {
            Endpoint = settings.TokenService,
            Proxy = settings.Proxy,
            AuthorityFile = settings.AuthorityFile,
            StallTimeout = settings.StallTimeout,
            Meter = new TargetMeter(),
            Classify = static _ => null,
        });
        _sdk = new Sdk(signer, new AmazonSecurityTokenServiceConfig
        {
            ServiceURL = settings.TokenService.AbsoluteUri,
            AuthenticationRegion = settings.Region,
            IgnoreConfiguredEndpointUrls = true,
            AllowAutoRedirect = false,
            MaxErrorRetry = 0,
            ThrottleRetries = false,
            Timeout = Timeout.InfiniteTimeSpan,
            HttpClientFactory = new OneClient(_http),
        });
    }

    public string Label => _signer is null ? $"of the role '{_role.Arn}' (web identity in {_tokenFile})" : $"of the role '{_role.Arn}' (taken on with the credential {_signer.Label})";

    public string Remedy => _signer is null
        ? "Look whether the role trusts the issuer of the token and its audience, and whether whoever writes the file still renews it."
        : "Look whether the role trusts the credential and asks for no other external id (-ExternalId), and whether the credential may take it on (right sts:AssumeRole).";

    private string What => $"No session of the role '{_role.Arn}' can be had for {_settings.DisplayName}";

    /// <param name="signer">Disposed of with this.</param>
    public static RoleSource Of(S3Settings settings, S3Role role, S3Credentials signer, TimeProvider time) => new(settings, role, signer, null, time);

    /// <param name="tokenFile">Read anew each time: whoever writes it renews it.</param>
    public static RoleSource OfWebIdentity(S3Settings settings, S3Role role, string tokenFile, TimeProvider time) => new(settings, role, null, tokenFile, time);

    public async Task<S3Session> AskAsync()
    {
        if (_signer is null)
        {
            return await AskAsync(await ReadTokenAsync());
        }

        var signed = await _signer.GetAsync(CancellationToken.None);
        try
        {
            return await AskAsync(null);
        }
        catch (TargetException refusal) when (refusal.Fault == TargetFault.KeyRejected)
        {
            // What it is taken on with may itself be a session that was taken back.
            if (!await _signer.RenewAsync(signed, CancellationToken.None))
            {
                throw;
            }
        }

        return await AskAsync(null);
    }

    public void Dispose()
    {
        _sdk.Dispose();
        _http.Dispose();
        _signer?.Dispose();
    }

    private async Task<S3Session> AskAsync(string? token)
    {
        using var guard = new StallGuard(_settings.StallTimeout, _time, CancellationToken.None);
        var notes = ResponseNotes.Begin(guard.Moved);
        var asked = _time.GetUtcNow();
        try
        {
            var answer = token is null
                ? (await _sdk.AssumeRoleAsync(
                    new AssumeRoleRequest { RoleArn = _role.Arn, ExternalId = _role.ExternalId, RoleSessionName = SessionName, DurationSeconds = (int)Life.TotalSeconds }, guard.Token)).Credentials
                : (await _sdk.AssumeRoleWithWebIdentityAsync(
                    new AssumeRoleWithWebIdentityRequest { RoleArn = _role.Arn, WebIdentityToken = token, RoleSessionName = SessionName, DurationSeconds = (int)Life.TotalSeconds }, guard.Token)).Credentials;

            // By the service's clock it ends; here it lasts as long.
            return answer is { AccessKeyId.Length: > 0, SecretAccessKey.Length: > 0, SessionToken.Length: > 0, Expiration: { } ends }
                ? S3Session.Of(answer.AccessKeyId, answer.SecretAccessKey, answer.SessionToken, asked + (new DateTimeOffset(ends.ToUniversalTime()) - (notes.Date ?? asked)))
                : throw new TargetException(TargetFault.Unavailable, $"{What}: the answer holds none.");
        }
        catch (Exception exception) when (exception is not BackupException)
        {
            throw guard.HasStalled ? HttpFaults.Stalled(What, _settings.StallTimeout, exception) : FaultOf(exception, notes);
        }
    }

    private async Task<string> ReadTokenAsync()
    {
        try
        {
            return new FileInfo(_tokenFile!).Length <= MaxTokenBytes && (await File.ReadAllTextAsync(_tokenFile!)).Trim() is { Length: > 0 } token
                ? token
                : throw new RequestException(FaultCodes.CredentialNotUsable, $"{What}: '{_tokenFile}' does not hold the token of a web identity.") { Remedy = Remedy };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RequestException(FaultCodes.CredentialMissing, $"{What}: the token file '{_tokenFile}' cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>By the service's code alone: what it wrote may hold what was sent.</summary>
    private TargetException FaultOf(Exception exception, ResponseNotes notes)
    {
        if (exception is AmazonUnmarshallingException or not AmazonServiceException)
        {
            return HttpFaults.From(exception, What) ?? new TargetException(TargetFault.Unavailable, $"{What}: the answer is not one of a token service.");
        }

        var refusal = (AmazonServiceException)exception;

        var code = refusal.ErrorCode is { Length: > 0 and < 64 } said && said.All(char.IsAsciiLetterOrDigit) ? said : $"{(int)refusal.StatusCode}";
        var fault = (code, (int)refusal.StatusCode) switch
        {
            ("Throttling" or "ThrottlingException" or "RequestLimitExceeded", _) or (_, 429) => TargetFault.Throttled,
            ("IDPCommunicationError" or "InternalFailure" or "ServiceUnavailable", _) or (_, 408 or >= 500 or < 400) => TargetFault.Unavailable,
            ("RequestExpired", _) => TargetFault.ClockSkewed,
            ("SignatureDoesNotMatch", _) when notes.Date is { } date && (_time.GetUtcNow() - date).Duration() > MaxClockDifference => TargetFault.ClockSkewed,
            ("InvalidAction" or "MethodNotAllowed" or "NotImplemented", _) or (_, 404 or 405) => TargetFault.Unsupported,
            (_, 407) => TargetFault.ProxyRefused,
            _ => TargetFault.KeyRejected,
        };
        var message = fault switch
        {
            TargetFault.Unsupported => $"{What}: there is no token service at {_settings.TokenService.Authority} ({code}).",
            TargetFault.KeyRejected when _signer is null => $"{What}: the token in '{_tokenFile}' is not accepted ({code}).",
            TargetFault.KeyRejected => $"{What}: it is refused to the credential {_signer.Label} ({code}).",
            _ => $"{What} ({code}).",
        };
        return new TargetException(fault, message) { RetryAfter = notes.RetryAfter, Remedy = (fault == TargetFault.KeyRejected ? Remedy : null)! };
    }

    private sealed class Sdk(S3Credentials? signer, AmazonSecurityTokenServiceConfig config)
        : AmazonSecurityTokenServiceClient(signer ?? (AWSCredentials)new AnonymousAWSCredentials(), config)
    {
        // Set before the constructor of the base asks for it.
        private readonly S3Credentials? _signer = signer;

        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            pipeline.RemoveHandler<RetryHandler>();
            if (_signer is not null)
            {
                pipeline.AddHandlerBefore<Signer>(new SessionOfRequest(_signer));
            }
        }
    }
}
