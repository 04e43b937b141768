using System.Net;
using System.Net.Http.Headers;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.WebDav;

/// <summary>The requests of WebDAV (RFC 4918) that backups need, each watched for a stall, each refusal a <see cref="TargetException"/>.</summary>
internal sealed class DavClient : IDisposable
{
    public static readonly HttpMethod PropFind = new("PROPFIND");
    public static readonly HttpMethod MkCol = new("MKCOL");
    public static readonly HttpMethod Move = new("MOVE");

    private static readonly byte[] WhatIsAsked =
        """<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getlastmodified/><getetag/></prop></propfind>"""u8.ToArray();

    private static readonly byte[] WhatRoom = """<?xml version="1.0" encoding="utf-8"?><propfind xmlns="DAV:"><prop><resourcetype/><quota-available-bytes/></prop></propfind>"""u8.ToArray();

    private readonly DavSettings _settings;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public DavClient(DavSettings settings, TargetMeter meter, TimeProvider time)
    {
        _settings = settings;
        _time = time;
        var questions = new CredentialCache();
        if (settings.Credential is { } credential)
        {
            questions.Add(settings.Server, "Digest", credential);
        }

        _http = StoreHttp.CreateClient(new HttpStoreOptions
        {
            Endpoint = settings.Server,
            Proxy = settings.Proxy,
            AuthorityFile = settings.AuthorityFile,
            Credentials = settings.Credential is null ? null : questions,
            StallTimeout = settings.StallTimeout,
            Meter = meter,
            Classify = static request => request.Method.Method switch
            {
                "PUT" => RequestKind.Put,
                "GET" => RequestKind.Get,
                "DELETE" => RequestKind.Delete,
                "PROPFIND" when request.Headers.TryGetValues("Depth", out var depth) && depth.First() is "1" => RequestKind.List,
                "PROPFIND" => RequestKind.Stat,
                _ => RequestKind.Other,
            },
        });
    }

    /// <param name="relative">Below the target's folder; empty for that itself.</param>
    public Uri AddressOf(string relative, bool isFolder = false)
    {
        var path = string.Join('/', new[] { _settings.Folder, relative }.Where(static part => part.Length > 0));
        var escaped = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        return new Uri(_settings.Server, $"/{escaped}{(isFolder && escaped.Length > 0 ? "/" : "")}");
    }

    /// <summary>As an answer names it.</summary>
    public string PathOf(string relative) => Uri.UnescapeDataString(AddressOf(relative).AbsolutePath).TrimEnd('/');

    /// <summary>One request; <paramref name="read"/> is given the answer whatever it is.</summary>
    /// <param name="doing">What cannot be done, for errors.</param>
    public async Task<T> SendAsync<T>(
        string doing, Func<StallGuard, HttpRequestMessage> compose, Func<HttpResponseMessage, StallGuard, Task<T>> read, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var guard = new StallGuard(_settings.StallTimeout, _time, cancellationToken);
        var notes = ResponseNotes.Begin(guard.Moved);
        var what = $"{doing} in {_settings.DisplayName}";
        try
        {
            using var request = compose(guard);
            request.Headers.Authorization = _settings.Authorization;
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, guard.Token);
            return await read(answer, guard);
        }
        catch (UnexpectedStatusException unexpected)
        {
            throw DavFaults.Of(unexpected.Status, notes, what, _settings);
        }
        catch (Exception exception) when (exception is not BackupException)
        {
            throw exception switch
            {
                _ when cancellationToken.IsCancellationRequested => new OperationCanceledException("The request was cancelled.", exception, cancellationToken),
                _ when guard.HasStalled => HttpFaults.Stalled(what, _settings.StallTimeout, exception),
                _ => DavFaults.From(exception, what) ?? exception,
            };
        }
    }

    /// <summary>A request without a body whose answer is its status; one that is not among <paramref name="expected"/> is an error.</summary>
    public Task<HttpStatusCode> SendAsync(string doing, HttpMethod method, Uri address, CancellationToken cancellationToken, Action<HttpRequestHeaders>? headers = null, params HttpStatusCode[] expected) =>
        SendAsync(
            doing,
            _ =>
            {
                var request = new HttpRequestMessage(method, address);
                headers?.Invoke(request.Headers);
                return request;
            },
            (answer, _) => Task.FromResult(Require(answer, expected)),
            cancellationToken);

    /// <summary>What the server says of a resource, and at depth 1 of what is directly in it; null where it is not there.</summary>
    public Task<List<DavEntry>?> FindAsync(string doing, string relative, bool isFolder, CancellationToken cancellationToken, bool asksRoom = false) => SendAsync(
        doing,
        _ =>
        {
            var request = new HttpRequestMessage(PropFind, AddressOf(relative, isFolder)) { Content = new ByteArrayContent(asksRoom ? WhatRoom : WhatIsAsked) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/xml", "utf-8");
            request.Headers.Add("Depth", isFolder && !asksRoom ? "1" : "0");
            return request;
        },
        async (answer, guard) => answer.StatusCode is HttpStatusCode.NotFound
            ? null
            : About(relative, doing, await Multistatus.ReadAsync(await RequireAsync(answer, HttpStatusCode.MultiStatus, guard), needsFacts: !asksRoom, guard.Token)),
        cancellationToken);

    /// <summary>The target's folder itself.</summary>
    /// <exception cref="TargetException"><c>PlaceMissing</c>.</exception>
    public async Task RequirePlaceAsync(CancellationToken cancellationToken)
    {
        if (await FindAsync("The folder cannot be looked up", "", isFolder: true, cancellationToken, asksRoom: true) is not [{ IsFolder: true }, ..])
        {
            throw new TargetException(TargetFault.PlaceMissing, $"There is no folder {_settings.DisplayName}.");
        }
    }

    public static HttpStatusCode Require(HttpResponseMessage answer, params HttpStatusCode[] expected) =>
        expected.Contains(answer.StatusCode) ? answer.StatusCode : throw new UnexpectedStatusException(answer.StatusCode);

    public void Dispose() => _http.Dispose();

    /// <summary>Read on, it would be an object that is not there, or an empty folder.</summary>
    private List<DavEntry> About(string relative, string doing, List<DavEntry> said) =>
        said.Count == 0 || said.Exists(entry => string.Equals(entry.Path, PathOf(relative), StringComparison.Ordinal))
            ? said
            : throw new TargetException(TargetFault.Unavailable, $"{doing} in {_settings.DisplayName}: the answer is not about what was asked for.");

    private static async Task<Stream> RequireAsync(HttpResponseMessage answer, HttpStatusCode expected, StallGuard guard)
    {
        Require(answer, expected);
        return await answer.Content.ReadAsStreamAsync(guard.Token);
    }

    private sealed class UnexpectedStatusException(HttpStatusCode status) : Exception
    {
        public HttpStatusCode Status { get; } = status;
    }
}
