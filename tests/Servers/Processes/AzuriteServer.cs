using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;

namespace SecureBackup.Tests.Servers.Processes;

/// <summary>Microsoft's own emulator of Azure Blob Storage, which can be killed and started again: the data is in its folder, which goes with it.</summary>
public sealed partial class AzuriteServer : IAsyncDisposable
{
    public const string Account = "securebackuptests";
    public const string Install = "npm ci --prefix tests/Servers --ignore-scripts";

    private readonly string _folder = Directory.CreateTempSubdirectory("azurite-").FullName;
    private readonly int _port = ServerProcess.FreePort();
    private readonly bool _isInMemory;
    private ServerProcess? _server;

    private AzuriteServer(bool isInMemory)
    {
        _isInMemory = isInMemory;
        Admin = Client(Key);
    }

    public static IReadOnlyList<string> MissingPrograms => [.. ServerProcess.Missing("node"), .. Program is null ? ["azurite"] : Array.Empty<string>()];

    /// <summary>Of the account, as the platform's tools want it.</summary>
    public Uri Endpoint => new($"http://127.0.0.1:{_port}/{Account}");

    public string Key { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64));

    /// <summary>As the owner of the account, past anything that is tested.</summary>
    public BlobServiceClient Admin { get; }

    private static string? Program { get; } = FindProgram();

    /// <param name="isInMemory">Its data ends with it, and it waits for no disk.</param>
    public static async Task<AzuriteServer> StartAsync(bool isInMemory = false)
    {
        var server = new AzuriteServer(isInMemory);
        try
        {
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public BlobServiceClient Client(string key)
    {
        var options = new BlobClientOptions(BlobClientOptions.ServiceVersion.V2026_06_06);
        options.Retry.MaxRetries = 0;
        return new BlobServiceClient(Endpoint, new StorageSharedKeyCredential(Account, key), options);
    }

    /// <summary>A shared access signature of the account, with its question mark.</summary>
    public string SignatureOf(AccountSasPermissions rights, DateTimeOffset? until = null) =>
        Admin.GenerateAccountSasUri(rights, until ?? DateTimeOffset.UtcNow.AddHours(1), AccountSasResourceTypes.All).Query;

    /// <summary>A new container of a name of its own.</summary>
    public async Task<string> CreateContainerAsync()
    {
        var name = $"vault-{Guid.NewGuid():n}";
        await Admin.CreateBlobContainerAsync(name);
        return name;
    }

    /// <summary>
    /// As a power cut would end it, and without the loss of anything that it has acknowledged: what it keeps is in its memory until it writes all of it to its disk, every five
    /// seconds. Whoever calls sees to it that nothing is stored meanwhile.
    /// </summary>
    public async Task KillAsync()
    {
        var mark = await CreateContainerAsync();
        await _server!.WaitAsync(async () => await IsSavedAsync(mark));
        await _server.KillAsync();
        _server = null;
    }

    public async Task StartAgainAsync()
    {
        string[] arguments =
        [
            Program!, "--blobHost", "127.0.0.1", "--blobPort", _port.ToString(CultureInfo.InvariantCulture),
            "--skipApiVersionCheck", "--disableTelemetry", "--silent", .. _isInMemory ? ["--inMemoryPersistence"] : new[] { "--location", _folder },
        ];
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["AZURITE_ACCOUNTS"] = $"{Account}:{Key}" };
        _server = await ServerProcess.StartAsync(Path.Combine(_folder, "azurite.out"), environment, "node", arguments);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await _server.WaitAsync(async () =>
        {
            try
            {
                using var answer = await http.GetAsync(Endpoint);
                return true;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Whether what was there when <paramref name="mark"/> was made is on the disk, with the files that its blobs are parts of.</summary>
    private async Task<bool> IsSavedAsync(string mark)
    {
        try
        {
            var blobs = await File.ReadAllTextAsync(Path.Combine(_folder, "__azurite_db_blob__.json"));
            var extents = await File.ReadAllTextAsync(Path.Combine(_folder, "__azurite_db_blob_extent__.json"));
            return blobs.Contains(mark, StringComparison.Ordinal)
                && ExtentOfBlob().Matches(blobs).All(match => extents.Contains(match.Groups["id"].Value, StringComparison.Ordinal));
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    [GeneratedRegex("\"persistency\":\\{\"id\":\"(?<id>[^\"]+)\"", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10000)]
    private static partial Regex ExtentOfBlob();

    /// <summary>In the folder of this project, above wherever the tests run.</summary>
    private static string? FindProgram()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var program = Path.Combine(folder.FullName, "tests", "Servers", "node_modules", "azurite", "dist", "src", "blob", "main.js");
            if (File.Exists(program))
            {
                return program;
            }
        }

        return null;
    }
}
