using Google.Apis.Auth.OAuth2;
using Google.Apis.Auth.OAuth2.Responses;
using Google.Apis.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;
using ClientFactory = Google.Apis.Http.HttpClientFactory;

namespace SecureBackup.Targets.Google;

/// <summary>The access tokens of one credential. They are asked for when the first request needs one, and anew shortly before they end.</summary>
internal sealed class GcsTokens
{
    /// <summary>Wide enough to lock objects: the API takes no narrower scope for that. What is allowed is for the account's roles to say.</summary>
    private const string Scope = "https://www.googleapis.com/auth/devstorage.full_control";

    private readonly GcsSettings _settings;
    private readonly Lazy<GoogleCredential> _credential;

    /// <param name="load">Reads files of this computer at the most, and is called at the first request.</param>
    /// <param name="isNear">The machine itself gives them, in the open: no proxy is to see that.</param>
    public GcsTokens(GcsSettings settings, string label, Func<GoogleCredential> load, bool isNear = false)
    {
        _settings = settings;
        Label = label;
        _credential = new Lazy<GoogleCredential>(() => load().CreateScoped(Scope).CreateWithHttpClientFactory(new Clients(isNear ? settings with { Proxy = "none" } : settings)));
    }

    /// <summary>Whose credential it is, for errors.</summary>
    public string Label { get; }

    public Task<string> GetAsync(CancellationToken cancellationToken) =>
        AskAsync(() => ((ITokenAccess)_credential.Value).GetAccessTokenForRequestAsync(null, cancellationToken), cancellationToken);

    /// <param name="refused">Renewed meanwhile by another request, it is not renewed again.</param>
    public async Task<string> RenewAsync(string refused, CancellationToken cancellationToken)
    {
        var current = await GetAsync(cancellationToken);
        if (!string.Equals(current, refused, StringComparison.Ordinal))
        {
            return current;
        }

        await AskAsync(
            () => _credential.Value.UnderlyingCredential switch
            {
                ServiceCredential service => service.RequestAccessTokenAsync(cancellationToken),
                UserCredential user => user.RefreshTokenAsync(cancellationToken),
                _ => Task.FromResult(false),
            },
            cancellationToken);
        return await GetAsync(cancellationToken);
    }

    private async Task<T> AskAsync<T>(Func<Task<T>> ask, CancellationToken cancellationToken)
    {
        try
        {
            return await ask();
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            throw FaultOf(exception);
        }
    }

    private TargetException FaultOf(Exception exception)
    {
        var what = $"No access token can be had for the credential {Label} at {_settings.DisplayName}";
        if (exception is TokenResponseException refusal)
        {
            var said = refusal.Error?.Error is { Length: > 0 and < 64 } error && error.All(static character => char.IsAsciiLetterLower(character) || character is '_') ? $" ({error})" : "";
            var status = (int?)refusal.StatusCode;
            if (status == 407 || (status == 403 && said.Length == 0 && StoreHttp.IsProxy(_settings.Proxy)))
            {
                return new TargetException(TargetFault.ProxyRefused, $"{what}: the proxy {_settings.Proxy} refused the connection ({status}).", refusal);
            }

            return status switch
            {
                429 or >= 500 => new TargetException(TargetFault.Unavailable, $"{what}{said}.", refusal),
                _ when refusal.Error is { ErrorDescription: { } why } && why.Contains("iat", StringComparison.Ordinal) && why.Contains("exp", StringComparison.Ordinal) =>
                    new TargetException(TargetFault.ClockSkewed, $"{what}: this computer's clock is off{said}.", refusal),
                _ => new TargetException(TargetFault.KeyRejected, $"{what}{said}.", refusal),
            };
        }

        return HttpFaults.From(exception is AggregateException { InnerException: { } only } ? only : exception, what)
            ?? new TargetException(TargetFault.KeyRejected, $"{what}.", exception);
    }

    /// <summary>Requests for tokens go the way that the store's go, and are none of the store's. The library's own retries are left out.</summary>
    private sealed class Clients(GcsSettings settings) : ClientFactory
    {
        protected override HttpMessageHandler CreateHandler(CreateHttpClientArgs args)
        {
            foreach (var retry in args.Initializers.OfType<ExponentialBackOffInitializer>().ToList())
            {
                args.Initializers.Remove(retry);
            }

            return new WordyErrors(StoreHttp.CreateHandler(new HttpStoreOptions
            {
                Endpoint = settings.Endpoint,
                Proxy = settings.Proxy,
                AuthorityFile = settings.AuthorityFile,
                Meter = new TargetMeter(),
                Classify = static _ => null,
            }));
        }
    }

    /// <summary>The library trips over an error that is no JSON object, an empty one for one, and its status would be lost with it.</summary>
    private sealed class WordyErrors(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private const int MaxErrorBytes = 64 << 10;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                await response.Content.LoadIntoBufferAsync(MaxErrorBytes, cancellationToken);
                if (!(await response.Content.ReadAsStringAsync(cancellationToken)).TrimStart().StartsWith('{'))
                {
                    response.Content = new StringContent("{}");
                }
            }

            return response;
        }
    }
}
