using System.Security.Cryptography;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>A client that others wrote finds the double to be the platform.</summary>
public sealed class S3DoubleRcloneTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private S3Double _server = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        TestServers.RequireRclone();
        _server = await S3Double.StartAsync();
        _server.MakeBucket("plain");
        _server.MakeBucket("kept", hasLock: true);
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

        await RcloneAsync("copy", _folder["from"], ":s3:plain/in");
        await RcloneAsync("check", "--download", _folder["from"], ":s3:plain/in");
        await RcloneAsync("copy", ":s3:plain/in", _folder["back"]);
        Assert.Equal(200, Directory.EnumerateFiles(_folder["back"], "*", SearchOption.AllDirectories).Count());
        await RcloneAsync("move", ":s3:plain/in/0", ":s3:plain/moved");
        await RcloneAsync("delete", ":s3:plain");
        Assert.Equal("", await RcloneAsync("lsf", ":s3:plain"));
    }

    [Fact]
    public async Task A_big_file_goes_in_parts()
    {
        var bytes = RandomNumberGenerator.GetBytes(23 << 20);
        await File.WriteAllBytesAsync(_folder["big"], bytes, Cancel);

        await RcloneAsync("copyto", "--s3-upload-cutoff", "6M", "--s3-chunk-size", "6M", _folder["big"], ":s3:plain/big");

        Assert.Equal(bytes, _server.Bucket("plain").Newest("big")!.Bytes);
        Assert.Equal(4, _server.Requests.Count(static request => request.Operation is "UploadPart"));
        Assert.Empty(_server.Bucket("plain").Uploads);
    }

    [Fact]
    public async Task A_wrong_key_opens_nothing()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => RunAsync("wrong-secret", "lsf", ":s3:plain"));

        Assert.Contains("SignatureDoesNotMatch", error.Message, StringComparison.Ordinal);
    }

    /// <summary>With the ways that rclone knows of a provider, against the double's. Wasabi it asks by names of hosts alone, which buckets do not have here.</summary>
    [Theory]
    [InlineData("Other", "eu-central-2")]
    [InlineData("IBMCOS", "eu-de")]
    [InlineData("Other", "us-west-004")]
    public async Task The_ways_of_other_providers_are_those_that_it_knows(string provider, string region)
    {
        await using var server = await S3Double.StartAsync(new S3DoubleOptions
        {
            Region = region, HasOldListingsOnly = provider is "IBMCOS", RefusesChecksums = provider is not "IBMCOS", IgnoresConditions = true,
        });
        server.MakeBucket("kept", isVersioned: true);
        for (var index = 0; index < 30; index++)
        {
            var path = _folder[$"from/{index % 3}/file {index}.bin"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, RandomNumberGenerator.GetBytes(index * 37), Cancel);
        }

        Task<string> RcloneAsync(params string[] arguments) => RunAsync(server, provider, region, server.Key.Secret, arguments);
        await RcloneAsync("copy", _folder["from"], ":s3:kept/in");
        await RcloneAsync("check", "--download", _folder["from"], ":s3:kept/in");
        await RcloneAsync("delete", ":s3:kept");
        Assert.Equal("", await RcloneAsync("lsf", ":s3:kept"));
        Assert.Equal(30, server.Bucket("kept").Objects.Count);
        Assert.Contains(server.Requests, request => request.Operation is "ListObjects" == provider is "IBMCOS");
    }

    private Task<string> RcloneAsync(params string[] arguments) => RunAsync(_server.Key.Secret, arguments);

    private Task<string> RunAsync(string secret, params string[] arguments) => RunAsync(_server, "Other", "eu-central-1", secret, arguments);

    private static Task<string> RunAsync(S3Double server, string provider, string region, string secret, params string[] arguments) => ServerProcess.RunAsync(
        new Dictionary<string, string>(StringComparer.Ordinal), "rclone",
        [
            .. arguments, "--config", "/dev/null", "--retries", "1", "--low-level-retries", "1", "--contimeout", "10s", "--timeout", "30s", "--s3-provider", provider, "--s3-region", region,
            "--s3-access-key-id", server.Key.Id, "--s3-secret-access-key", secret, "--s3-endpoint", server.Endpoint.OriginalString, "--s3-force-path-style", "--s3-no-check-bucket",
        ]);
}
