using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>What a run holds in memory does not follow what it moves, wherever the vault lies. Each run is a process of its own, with two cores whatever the machine has: workers follow them.</summary>
public sealed class MemoryTests : IDisposable
{
    private const long MostBytes = 256L << 20;
    private const int Files = 12;
    private const int FileBytes = 64 << 20;
    private const int Seed = 20_261_126;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public Task A_folder() => StaysWithinAsync("./vault");

    [Fact]
    public async Task An_S3_server()
    {
        var ceph = await TestServers.CephAsync();
        _place.Environment["SECUREBACKUP_TARGET_USER"] = ceph.Key.Id;
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = ceph.Key.Secret;
        await StaysWithinAsync($"s3://{await ceph.CreateBucketAsync()}/shop?endpoint={ceph.Endpoint.OriginalString}");
    }

    /// <summary>Three times the limit: half of it tables, which keep the compressors busy, half what does not compress, which keeps the store busy.</summary>
    private async Task StaysWithinAsync(string vault)
    {
        _place.Environment["DOTNET_PROCESSOR_COUNT"] = "2";
        MakeData();
        await _place.LinesAsync($"$null = New-BackupVault '{vault}'");

        await RunAsync("backup", $"(Start-CustomerBackup ./data -Vault '{vault}').FileCount", $"{Files}");
        await RunAsync("restore", $"(Restore-CustomerBackup -Vault '{vault}' -Destination ./out).FileCount", $"{Files}");
        await RunAsync("check", $"@(Test-CustomerBackup -Vault '{vault}' -ReadData).IsHealthy", "True");
    }

    private async Task RunAsync(string what, string script, string expected)
    {
        var lines = await _place.LinesAsync($"{script}; [Diagnostics.Process]::GetCurrentProcess().PeakWorkingSet64");
        Assert.Equal(expected, lines[0]);
        var peak = long.Parse(lines[1], System.Globalization.CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {peak >> 20} MiB");
        Assert.True(peak is > 0 and <= MostBytes, $"The {what} held {peak >> 20} MiB.");
    }

    private void MakeData()
    {
        var random = new Random(Seed);
        Directory.CreateDirectory(_place["data"]);
        var bytes = new byte[FileBytes];
        for (var file = 0; file < Files; file++)
        {
            if (file % 2 == 0)
            {
                random.NextBytes(bytes);
            }
            else
            {
                random.GetItems("0123456789;;;,. \n"u8, bytes);
            }

            File.WriteAllBytes(_place[$"data/{file}"], bytes);
        }
    }
}
