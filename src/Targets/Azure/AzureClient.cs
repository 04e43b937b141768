using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Azure;

/// <summary>
/// The SDK, without what this product does in one place of its own: no retries, not within an answer either, no checksums but those asked for, no logs.
/// Each call is watched for a stall, and its refusal becomes a <see cref="TargetException"/>.
/// </summary>
internal sealed class AzureClient : IDisposable
{
    private readonly AzureSettings _settings;
    private readonly TimeProvider _time;
    private readonly AzureFaults _faults;
    private readonly HttpClient _http;
    private readonly BlobServiceClient _account;
    private readonly BlobContainerClient _container;

    public AzureClient(AzureSettings settings, AzureCredentials credentials, TargetMeter meter, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _faults = new AzureFaults(settings, credentials.Label, time);
        _http = HttpOf(settings, meter);
        Transport = new HttpClientTransport(_http);
        Token = credentials.Token?.Invoke(Transport);
        var options = Options();
        _account = credentials switch
        {
            { Key: { } key } => new BlobServiceClient(settings.Endpoint, key, options),
            { Sas: { } sas } => new BlobServiceClient(settings.Endpoint, sas, options),
            _ => new BlobServiceClient(settings.Endpoint, Token, options),
        };
        _container = _account.GetBlobContainerClient(settings.Container);
    }

    /// <summary>The same way for whoever asks another service of the platform.</summary>
    public HttpPipelineTransport Transport { get; }

    /// <summary>Null where the credential is none that other services of the platform take.</summary>
    public TokenCredential? Token { get; }

    /// <summary>One request to the container or a blob of it.</summary>
    /// <exception cref="TargetException">What the store or the way to it said.</exception>
    public Task<T> SendAsync<T>(AzureDeed deed, Func<BlobContainerClient, StallGuard, Task<T>> send, CancellationToken cancellationToken) =>
        WatchAsync(deed, guard => send(_container, guard), cancellationToken);

    public Task<T> SendToAccountAsync<T>(AzureDeed deed, Func<BlobServiceClient, StallGuard, Task<T>> send, CancellationToken cancellationToken) =>
        WatchAsync(deed, guard => send(_account, guard), cancellationToken);

    public static HttpClient HttpOf(AzureSettings settings, TargetMeter meter) => StoreHttp.CreateClient(new HttpStoreOptions
    {
        Endpoint = settings.Endpoint,
        Proxy = settings.Proxy,
        AuthorityFile = settings.AuthorityFile,
        StallTimeout = settings.StallTimeout,
        Meter = meter,
        Classify = request => AzureRequests.Classify(request, settings),
    });

    public void Dispose() => _http.Dispose();

    /// <summary>One request of whoever sends it himself.</summary>
    /// <exception cref="TargetException">What the store or the way to it said.</exception>
    public async Task<T> WatchAsync<T>(AzureDeed deed, Func<StallGuard, Task<T>> send, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var guard = new StallGuard(_settings.StallTimeout, _time, cancellationToken);
        var notes = ResponseNotes.Begin(guard.Moved);
        try
        {
            var answer = await send(guard);
            _faults.HasAnswered = true;
            return answer;
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

    private BlobClientOptions Options()
    {
        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2026_06_06) { Transport = Transport };
        options.Retry.MaxRetries = 0;
        options.Retry.NetworkTimeout = TimeSpan.FromDays(1);
        options.Diagnostics.IsLoggingEnabled = false;
        options.Diagnostics.IsDistributedTracingEnabled = false;
        options.Diagnostics.IsTelemetryEnabled = false;
        options.AddPolicy(new ChecksumHeader(), HttpPipelinePosition.PerCall);
        options.AddPolicy(new SingleAnswer(_settings), HttpPipelinePosition.BeforeTransport);
        return options;
    }
}
