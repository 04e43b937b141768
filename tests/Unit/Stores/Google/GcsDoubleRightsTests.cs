using System.Text.Json.Nodes;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

public sealed class GcsDoubleRightsTests : IAsyncLifetime
{
    private const string Account = "writer@project.iam.gserviceaccount.com";
    private const string ReadWrite = "https://www.googleapis.com/auth/devstorage.read_write";

    private GoogleIamDouble _iam = null!;
    private GcsDouble _server = null!;
    private GcsDoubleClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _iam = await GoogleIamDouble.StartAsync();
        _server = await GcsDouble.StartAsync(new GcsDoubleOptions { Iam = _iam });
        _client = new GcsDoubleClient(_server);
        _server.MakeBucket("plain");
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
        await _iam.DisposeAsync();
    }

    [Fact]
    public async Task Without_a_right_token_nothing_is_told()
    {
        Assert.Equal(401, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain")).Status);
        Assert.Equal(401, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain", token: "ya29.guessed")).Status);
        var token = await TokenAsync(ReadWrite);
        Assert.Equal(200, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain", token: token)).Status);
        _iam.RevokeAll();
        Assert.Equal(401, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain", token: token)).Status);
    }

    [Fact]
    public async Task A_token_reaches_as_far_as_its_scopes()
    {
        var (status, json) = await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/plain", "{}", await TokenAsync(ReadWrite));

        Assert.Equal((403, "insufficientPermissions"), (status, GcsDoubleClient.Reason(json)));
        Assert.Equal(200, (await _client.SendAsync(HttpMethod.Patch, "storage/v1/b/plain", "{}", await TokenAsync("https://www.googleapis.com/auth/devstorage.full_control"))).Status);
    }

    [Fact]
    public async Task Who_may_not_list_is_not_told_what_is_missing()
    {
        var token = await TokenAsync(ReadWrite);
        Assert.Equal(404, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain/o/a", token: token)).Status);

        _server.Give(Account, "storage.objects.get");

        Assert.Equal(403, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain/o/a", token: token)).Status);
        Assert.Equal(403, (await _client.SendAsync(HttpMethod.Delete, "storage/v1/b/plain/o/a", token: token)).Status);
        var (_, held) = await _client.SendAsync(
            HttpMethod.Get, "storage/v1/b/plain/iam/testPermissions?permissions=storage.objects.get&permissions=storage.objects.delete", token: token);
        Assert.Equal(["storage.objects.get"], held!["permissions"]!.AsArray().Select(each => (string?)each));
    }

    [Fact]
    public async Task Everybody_may_read_what_is_open_to_all()
    {
        _server.MakeBucket("open", """{"iamConfiguration":{"publicAccessPrevention":"inherited"}}""");
        var token = await TokenAsync("https://www.googleapis.com/auth/cloud-platform");
        await _client.SendAsync(HttpMethod.Put, "storage/v1/b/open/iam", """{"bindings":[{"role":"roles/storage.objectViewer","members":["allUsers"]}]}""", token);

        Assert.Equal(200, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/open/o")).Status);
        Assert.Equal(401, (await _client.SendAsync(HttpMethod.Get, "storage/v1/b/plain/o")).Status);
        Assert.Equal(401, (await _client.SendAsync(HttpMethod.Delete, "storage/v1/b/open/o/a")).Status);
    }

    [Fact]
    public async Task A_signed_assertion_is_checked_in_every_part()
    {
        using var http = new HttpClient();
        var now = DateTimeOffset.UtcNow;

        Assert.Null(await RefusalAsync(http, _iam.ServiceAccount(Account), now, now.AddHours(1)));
        Assert.Equal("Invalid JWT Signature.", await RefusalAsync(http, _iam.ServiceAccount(Account, isForged: true), now, now.AddHours(1)));
        Assert.Contains("Check your iat and exp", await RefusalAsync(http, _iam.ServiceAccount(Account), now.AddHours(1), now.AddHours(2)), StringComparison.Ordinal);
        Assert.Contains("Check your iat and exp", await RefusalAsync(http, _iam.ServiceAccount(Account), now, now.AddHours(2)), StringComparison.Ordinal);
        Assert.Contains("audience", await RefusalAsync(http, _iam.ServiceAccount(Account), now, now.AddHours(1), "https://elsewhere/token"), StringComparison.Ordinal);
    }

    private async Task<string> TokenAsync(string scope)
    {
        using var http = new HttpClient();
        var answer = await AskAsync(http, _iam.ServiceAccount(Account), DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddHours(1), null, scope);
        return (string)answer["access_token"]!;
    }

    private async Task<string?> RefusalAsync(HttpClient http, string account, DateTimeOffset from, DateTimeOffset to, string? audience = null) =>
        (string?)(await AskAsync(http, account, from, to, audience, ReadWrite))["error_description"];

    private async Task<JsonNode> AskAsync(HttpClient http, string account, DateTimeOffset from, DateTimeOffset to, string? audience, string scope)
    {
        var json = JsonNode.Parse(account)!;
        using var key = System.Security.Cryptography.RSA.Create();
        key.ImportFromPem((string)json["private_key"]!);
        var claims = new JsonObject
        {
            ["iss"] = (string)json["client_email"]!,
            ["scope"] = scope,
            ["aud"] = audience ?? (string)json["token_uri"]!,
            ["iat"] = from.ToUnixTimeSeconds(),
            ["exp"] = to.ToUnixTimeSeconds(),
        };
        var head = $"{Encode("""{"alg":"RS256","typ":"JWT"}"""u8)}.{Encode(System.Text.Encoding.UTF8.GetBytes(claims.ToJsonString()))}";
        var signature = key.SignData(System.Text.Encoding.ASCII.GetBytes(head), System.Security.Cryptography.HashAlgorithmName.SHA256, System.Security.Cryptography.RSASignaturePadding.Pkcs1);
        using var form = new FormUrlEncodedContent([
            new("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            new("assertion", $"{head}.{Encode(signature)}"),
        ]);
        using var response = await http.PostAsync(new Uri(_iam.Address, "token"), form, TestContext.Current.CancellationToken);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!;
    }

    private static string Encode(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
