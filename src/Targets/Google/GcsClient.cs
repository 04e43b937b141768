using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Google;

/// <param name="Address">Relative to the endpoint, or a session's own.</param>
internal sealed record GcsRequest(HttpMethod Method, string Address, RequestKind Kind)
{
    /// <summary>Made for the guard of the try.</summary>
    public Func<StallGuard, HttpContent>? Content { get; init; }

    public RangeHeaderValue? Range { get; init; }

    /// <summary>Headers of the API's own.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>What is an answer besides 200 to 299.</summary>
    public int AlsoAnswers { get; init; }
}

/// <param name="Date">The store's clock when it answered.</param>
internal sealed record GcsAnswer(HttpResponseMessage Response, DateTimeOffset Date, CancellationToken Token);

/// <summary>One request to the JSON API: watched for a stall, counted, and its refusal made a <see cref="TargetException"/>.</summary>
internal sealed class GcsClient : IDisposable
{
    private const int MaxErrorBytes = 64 * 1024;

    private static readonly HttpRequestOptionsKey<RequestKind> Kind = new("kind");

    private readonly GcsSettings _settings;
    private readonly TimeProvider _time;
    private readonly GcsFaults _faults;
    private readonly HttpClient _http;

    public GcsClient(GcsSettings settings, GcsTokens tokens, TargetMeter meter, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        _faults = new GcsFaults(settings, tokens.Label);
        var store = StoreHttp.CreateHandler(new HttpStoreOptions
        {
            Endpoint = settings.Endpoint,
            Proxy = settings.Proxy,
            AuthorityFile = settings.AuthorityFile,
            StallTimeout = settings.StallTimeout,
            Meter = meter,
            Classify = static request => request.Options.TryGetValue(Kind, out var kind) ? kind : null,
        });
        _http = new HttpClient(new GcsTokenHandler(store, tokens)) { BaseAddress = settings.Endpoint, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(StoreHttp.UserAgent);
    }

    public string DisplayName => _settings.DisplayName;

    public async Task<T> SendAsync<T>(GcsDeed deed, GcsRequest request, Func<GcsAnswer, Task<T>> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var guard = new StallGuard(_settings.StallTimeout, _time, cancellationToken);
        var notes = ResponseNotes.Begin(guard.Moved);
        try
        {
            using var message = MessageOf(request, guard);
            using var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, guard.Token);
            if (!response.IsSuccessStatusCode && (int)response.StatusCode != request.AlsoAnswers)
            {
                throw _faults.Refused(response.StatusCode, await ReadErrorAsync(response, guard.Token), notes, deed);
            }

            return await read(new GcsAnswer(response, notes.Date ?? _time.GetUtcNow(), guard.Token));
        }
        catch (Exception exception) when (exception is not BackupException && !cancellationToken.IsCancellationRequested)
        {
            if (guard.HasStalled)
            {
                throw HttpFaults.Stalled($"{deed.What} in {_settings.DisplayName}", _settings.StallTimeout, exception);
            }

            if (_faults.From(exception, deed) is { } fault)
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

    public Task<T> SendAsync<T>(GcsDeed deed, GcsRequest request, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        SendAsync(deed, request, async answer => await ReadAsync(answer, type) ?? throw _faults.NoAnswer(deed), cancellationToken);

    public Task SendAsync(GcsDeed deed, GcsRequest request, CancellationToken cancellationToken) =>
        SendAsync(deed, request, static _ => Task.FromResult(true), cancellationToken);

    public static async Task<T?> ReadAsync<T>(GcsAnswer answer, JsonTypeInfo<T> type)
    {
        await using var body = await answer.Response.Content.ReadAsStreamAsync(answer.Token);
        return await JsonSerializer.DeserializeAsync(body, type, answer.Token);
    }

    public TargetException NoAnswer(GcsDeed deed) => _faults.NoAnswer(deed);

    public static HttpContent JsonOf<T>(T value, JsonTypeInfo<T> type) => new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(value, type))
    {
        Headers = { ContentType = new MediaTypeHeaderValue("application/json", "utf-8") },
    };

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage MessageOf(GcsRequest request, StallGuard guard)
    {
        var message = new HttpRequestMessage(request.Method, request.Address) { Content = request.Content?.Invoke(guard) };
        message.Options.Set(Kind, request.Kind);
        message.Headers.Range = request.Range;
        foreach (var (name, value) in request.Headers)
        {
            message.Headers.TryAddWithoutValidation(name, value);
        }

        return message;
    }

    private static async Task<GcsError?> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[MaxErrorBytes];
        var count = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        try
        {
            return JsonSerializer.Deserialize(bytes.AsSpan(0, count), GcsJson.Default.GcsErrorAnswer)?.Error;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
