using System.Xml.Linq;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Internal;
using Amazon.S3;
using Amazon.S3.Internal;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>
/// The SDK, without what this product does in one place of its own: no retries, no redirects, no correction of a wrong clock, no checksums but those asked for.
/// Each call is watched for a stall, and its refusal becomes a <see cref="TargetException"/>.
/// </summary>
internal sealed class S3Client : IDisposable
{
    private readonly S3Settings _settings;
    private readonly TimeProvider _time;
    private readonly S3Faults _faults;
    private readonly S3Credentials _credentials;
    private readonly TargetMeter _meter;
    private readonly HttpClient _http;
    private readonly Sdk _sdk;
    private readonly S3Question _question;

    // The context that the SDK is loaded into is the module's alone. A wrong clock is to be said, not papered over.
    static S3Client() => AWSConfigs.CorrectForClockSkew = false;

    /// <param name="credentials">Disposed of with this.</param>
    public S3Client(S3Settings settings, S3Credentials credentials, TargetMeter meter, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _credentials = credentials;
        _meter = meter;
        _faults = new S3Faults(settings, credentials, time);
        var travel = new HttpStoreOptions
        {
            Endpoint = settings.Endpoint,
            Proxy = settings.Proxy,
            AuthorityFile = settings.AuthorityFile,
            StallTimeout = settings.StallTimeout,
            Meter = meter,
            Classify = S3Requests.Classify,
        };
        _http = StoreHttp.CreateClient(travel, Wrap);
        _sdk = new Sdk(settings.Profile, credentials, new AmazonS3Config
        {
            ServiceURL = settings.Endpoint.AbsoluteUri,
            AuthenticationRegion = settings.Region,
            ForcePathStyle = settings.UsesPathStyle,
            EndpointProvider = new S3Endpoint(settings),
            IgnoreConfiguredEndpointUrls = true,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
            BufferSize = 128 * 1024,

            // The client below follows none. Were it said here too, the SDK would hand out a redirect as if it were the answer.
            AllowAutoRedirect = true,
            MaxErrorRetry = 0,
            ThrottleRetries = false,
            Timeout = Timeout.InfiniteTimeSpan,
            HttpClientFactory = new OneClient(_http),
        });
        _question = new S3Question(_http, settings, credentials, time);
    }

    /// <summary>One request, or those few that are one to the store. A session that is refused is renewed, and the request sent once more.</summary>
    /// <param name="send">May be called twice.</param>
    /// <exception cref="TargetException">What the store or the way to it said.</exception>
    /// <exception cref="RequestException"><c>CredentialMissing</c>, <c>CredentialNotUsable</c>.</exception>
    public async Task<S3Answer<T>> SendAsync<T>(S3Deed deed, Func<IAmazonS3, StallGuard, Task<T>> send, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var session = await _credentials.GetAsync(cancellationToken);
        try
        {
            return await TryAsync(deed, send, cancellationToken);
        }
        catch (TargetException refusal) when (refusal.Fault == TargetFault.KeyRejected)
        {
            if (!await _credentials.RenewAsync(session, cancellationToken))
            {
                throw;
            }
        }

        _meter.CountRetry();
        return await TryAsync(deed, send, cancellationToken);
    }

    /// <summary>A setting of the bucket that the SDK does not know.</summary>
    /// <param name="query">As it is sent, names in order: <c>compliance</c>.</param>
    /// <exception cref="TargetException">What the store or the way to it said.</exception>
    public Task<S3Answer<XElement>> AskAsync(S3Deed deed, string query, CancellationToken cancellationToken) =>
        SendAsync(deed, (_, guard) => _question.SendAsync(query, guard.Token), cancellationToken);

    /// <summary>Whatever stands between answers with 200 too; a store says which content it is about.</summary>
    /// <exception cref="TargetException"><c>Unavailable</c>.</exception>
    public string RequireTag(S3Deed deed, string? tag) =>
        S3Naming.TagOf(tag) ?? throw new TargetException(TargetFault.Unavailable, $"{deed.What} in {_settings.DisplayName}: the answer is not one of S3.");

    public void Dispose()
    {
        _sdk.Dispose();
        _http.Dispose();
        _credentials.Dispose();
    }

    private HttpMessageHandler Wrap(HttpMessageHandler inner)
    {
        var refusals = new S3Refusals(inner, _faults.Redirected);
        return _settings.Authorize?.Invoke(refusals) ?? refusals;
    }

    private async Task<S3Answer<T>> TryAsync<T>(S3Deed deed, Func<IAmazonS3, StallGuard, Task<T>> send, CancellationToken cancellationToken)
    {
        using var guard = new StallGuard(_settings.StallTimeout, _time, cancellationToken);
        var notes = ResponseNotes.Begin(guard.Moved);
        try
        {
            var value = await send(_sdk, guard);
            return new S3Answer<T>(value, notes.Date ?? _time.GetUtcNow());
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            if (guard.HasStalled)
            {
                throw HttpFaults.Stalled($"{deed.What} in {_settings.DisplayName}", _settings.StallTimeout, exception);
            }

            if (_faults.From(exception, notes, deed) is { } fault)
            {
                throw fault;
            }

            throw;
        }
        catch (Exception exception) when (exception is not OperationCanceledException && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException("The request was cancelled.", exception, cancellationToken);
        }
    }

    /// <summary>The client whose pipeline neither retries nor follows.</summary>
    private sealed class Sdk(S3Profile profile, S3Credentials credentials, AmazonS3Config config) : AmazonS3Client(credentials, config)
    {
        // Set before the constructor of the base asks for it.
        private readonly S3Profile _profile = profile;
        private readonly S3Credentials _credentials = credentials;

        protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
        {
            base.CustomizeRuntimePipeline(pipeline);
            pipeline.RemoveHandler<RetryHandler>();
            pipeline.RemoveHandler<AmazonS3RedirectHandler>();
            pipeline.AddHandlerBefore<Signer>(new PayloadHash());
            pipeline.AddHandlerBefore<Signer>(new SessionOfRequest(_credentials));
            if (!_profile.TakesChecksumHeaders)
            {
                pipeline.AddHandlerBefore<Signer>(new Md5Alone());
            }
        }
    }
}

/// <param name="Date">The store's clock when it answered.</param>
internal readonly record struct S3Answer<T>(T Value, DateTimeOffset Date);
