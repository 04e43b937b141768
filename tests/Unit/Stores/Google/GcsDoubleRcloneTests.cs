using System.Diagnostics;
using System.Security.Cryptography;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>A client that others wrote finds the double to be the platform.</summary>
public sealed class GcsDoubleRcloneTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private GcsDouble _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        TestServers.RequireRclone();
        _server = await GcsDouble.StartAsync(new GcsDoubleOptions { AllowsAnonymous = true });
        _server.MakeBucket("plain");
        _server.MakeBucket("kept", """{"retentionPolicy":{"retentionPeriod":"1000"}}""");
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Two_hundred_files_go_there_and_are_found_the_same()
    {
        for (var index = 0; index < 200; index++)
        {
            var path = _folder[$"from/{index % 7}/file {index}.bin"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, RandomNumberGenerator.GetBytes(index * 37), Cancel);
        }

        await SucceedsAsync("copy", _folder["from"], ":gcs:plain/in");
        await SucceedsAsync("check", "--download", _folder["from"], ":gcs:plain/in");
        await SucceedsAsync("copy", ":gcs:plain/in", _folder["back"]);
        Assert.Equal(200, Directory.EnumerateFiles(_folder["back"], "*", SearchOption.AllDirectories).Count());
        await SucceedsAsync("move", ":gcs:plain/in/0", ":gcs:plain/moved");
        await SucceedsAsync("delete", ":gcs:plain");
        Assert.Equal("", await SucceedsAsync("lsf", ":gcs:plain"));
    }

    [Fact]
    public async Task What_is_kept_cannot_be_deleted()
    {
        await File.WriteAllTextAsync(_folder["one"], "kept", Cancel);
        await SucceedsAsync("copyto", _folder["one"], ":gcs:kept/one");

        var (code, output) = await RunAsync("deletefile", ":gcs:kept/one");

        Assert.NotEqual(0, code);
        Assert.Contains("retentionPolicyNotMet", output, StringComparison.Ordinal);
        Assert.Equal("kept", await SucceedsAsync("cat", ":gcs:kept/one"));
    }

    [Fact]
    public async Task A_big_file_goes_in_a_session()
    {
        var bytes = RandomNumberGenerator.GetBytes(40 << 20);
        await File.WriteAllBytesAsync(_folder["big"], bytes, Cancel);

        await SucceedsAsync("copyto", _folder["big"], ":gcs:plain/big");

        Assert.Equal(bytes, Assert.Single(_server.GenerationsOf("plain", "big")).Bytes);
        Assert.Equal(3, _server.Requests.Count(request => request is { Method: "session", HttpMethod: "POST" or "PUT" }));
    }

    private async Task<string> SucceedsAsync(params string[] arguments)
    {
        var (code, output) = await RunAsync(arguments);
        Assert.True(code == 0, output);
        return output;
    }

    private async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        string[] shared =
        [
            "--config", "/dev/null", "--retries", "1", "--low-level-retries", "1", "--gcs-anonymous", "--gcs-bucket-policy-only", "--gcs-no-check-bucket",
            "--gcs-endpoint", new Uri(_server.Address, "storage/v1/").ToString(),
        ];
        var start = new ProcessStartInfo("rclone", [.. arguments, .. shared]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var variable in (string[])["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"])
        {
            start.Environment.Remove(variable);
        }

        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(1));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = await process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output + errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }
}
