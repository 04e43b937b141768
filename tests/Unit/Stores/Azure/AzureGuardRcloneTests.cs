using Azure.Storage.Sas;
using SecureBackup.Tests.Servers.Doubles.Azure;
using SecureBackup.Tests.Servers.Processes;

namespace SecureBackup.Tests.Unit.Stores.Azure;

/// <summary>The guard is held against a client that is not ours.</summary>
public sealed class AzureGuardRcloneTests : IAsyncLifetime
{
    private readonly TempFolder _folder = new();
    private AzuriteServer _azurite = null!;
    private AzureGuard _guard = null!;
    private string _container = null!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        TestServers.RequireRclone();
        _azurite = await TestServers.AzuriteAsync();
        _guard = await AzureGuard.StartAsync(_azurite, isVersioned: true);
        _container = await _azurite.CreateContainerAsync();
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Dispose();
        if (_guard is not null)
        {
            await _guard.DisposeAsync();
        }
    }

    [Fact]
    public async Task Two_hundred_files_and_one_in_blocks_go_there_and_are_found_the_same()
    {
        for (var index = 0; index < 200; index++)
        {
            var path = _folder[$"from/{index % 7}/file {index}.bin"];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, new byte[index], Cancel);
        }

        await File.WriteAllBytesAsync(_folder["from/large.bin"], new byte[9_000_000], Cancel);

        await SucceedsAsync("copy", _folder["from"], $":azureblob:{_container}", "--azureblob-chunk-size", "4M");
        await SucceedsAsync("check", "--download", _folder["from"], $":azureblob:{_container}");
    }

    [Fact]
    public async Task What_is_locked_is_hidden_by_a_delete_and_stays_as_a_version()
    {
        var file = _folder["kept.bin"];
        await File.WriteAllBytesAsync(file, [1, 2, 3], Cancel);
        await SucceedsAsync("copyto", file, $":azureblob:{_container}/kept");
        await using var target = AzureStore.Open(_azurite.Key, AzureStore.AddressOf(_guard.Endpoint, _container, "", "&versioning=on"));
        await target.SetLegalHoldAsync(new("kept"), true, Cancel);

        await SucceedsAsync("deletefile", $":azureblob:{_container}/kept");

        Assert.Null(await target.StatAsync(new("kept"), Cancel));
        var version = Assert.Single(await target.ListVersionsAsync("", Cancel).ToListAsync(Cancel));
        Assert.False(version.IsNewest);
        var bytes = new byte[3];
        await target.ReadVersionAsync(new("kept"), version.Version, 0, bytes, Cancel);
        Assert.Equal([1, 2, 3], bytes);
    }

    private async Task SucceedsAsync(params string[] arguments)
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal);
        string[] shared =
        [
            "--config", "/dev/null", "--retries", "1", "--low-level-retries", "1",
            "--azureblob-sas-url", _guard.Endpoint.OriginalString + _azurite.SignatureOf(AccountSasPermissions.All),
        ];
        await ServerProcess.RunAsync(environment, "rclone", [.. arguments, .. shared]).WaitAsync(TimeSpan.FromMinutes(1), Cancel);
    }
}
