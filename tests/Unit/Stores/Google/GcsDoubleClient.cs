using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>Bare requests to the double, as its own tests need them: what a client of ours would never send, too.</summary>
internal sealed class GcsDoubleClient(GcsDouble server) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = server.Address };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async Task<(int Status, JsonNode? Json)> SendAsync(HttpMethod method, string path, string? json = null, string? token = null)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        return await SendAsync(request, token);
    }

    public async Task<(int Status, JsonNode? Json)> SendAsync(HttpRequestMessage request, string? token = null)
    {
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var response = await _http.SendAsync(request, Cancel);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        return ((int)response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text) : null);
    }

    public Task<HttpResponseMessage> SendRawAsync(HttpRequestMessage request) => _http.SendAsync(request, Cancel);

    public async Task<(int Status, JsonNode? Json)> UploadAsync(string bucket, string metadata, byte[] bytes, string query = "", string? token = null)
    {
        using var parts = new MultipartContent("related");
        parts.Add(new StringContent(metadata, Encoding.UTF8, "application/json"));
        parts.Add(new ByteArrayContent(bytes) { Headers = { ContentType = new("application/octet-stream") } });
        using var request = new HttpRequestMessage(HttpMethod.Post, $"upload/storage/v1/b/{bucket}/o?uploadType=multipart{query}") { Content = parts };
        return await SendAsync(request, token);
    }

    /// <param name="range">The whole Content-Range, such as <c>bytes 0-262143/*</c>.</param>
    public async Task<(int Status, string? Range)> PutChunkAsync(Uri session, byte[] bytes, string range)
    {
        using var request = new HttpRequestMessage(HttpMethod.Put, session) { Content = new ByteArrayContent(bytes) };
        request.Content.Headers.TryAddWithoutValidation("Content-Range", range);
        using var response = await _http.SendAsync(request, Cancel);
        return ((int)response.StatusCode, response.Headers.TryGetValues("Range", out var values) ? values.Single() : null);
    }

    public async Task<Uri> BeginAsync(string bucket, string name, string query = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"upload/storage/v1/b/{bucket}/o?uploadType=resumable&name={name}{query}");
        using var response = await _http.SendAsync(request, Cancel);
        Assert.Equal(200, (int)response.StatusCode);
        return response.Headers.Location!;
    }

    public static string Reason(JsonNode? json) => (string)json!["error"]!["errors"]![0]!["reason"]!;

    public void Dispose() => _http.Dispose();
}
