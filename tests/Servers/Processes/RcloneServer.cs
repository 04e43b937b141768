using System.Globalization;
using System.Net.Sockets;

namespace SecureBackup.Tests.Servers.Processes;

/// <summary>A folder that rclone serves by one of its protocols, to a user with a password.</summary>
public sealed class RcloneServer : IAsyncDisposable
{
    public const string Install = "apt-get install rclone openssh-client";

    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal) { ["RCLONE_CONFIG"] = "/dev/null" };

    private readonly string _folder;
    private readonly string _protocol;
    private readonly int _port = ServerProcess.FreePort();
    private ServerProcess? _process;
    private string _hostKey = "";

    private RcloneServer(string protocol, string folder)
    {
        _protocol = protocol;
        _folder = folder;
    }

    public static IReadOnlyList<string> MissingPrograms => ServerProcess.Missing("rclone", "ssh-keygen");

    public string User { get; } = "u";

    public string Password { get; } = Guid.NewGuid().ToString("n");

    /// <summary>The root of what is served.</summary>
    public string Root => Path.Combine(_folder, "data");

    public string SftpAddress => $"sftp://127.0.0.1:{_port}/?hostkey={_hostKey}";

    public string DavAddress => $"dav://127.0.0.1:{_port}";

    public static async Task<RcloneServer> StartAsync(string protocol)
    {
        var server = new RcloneServer(protocol, Directory.CreateTempSubdirectory("rclone-").FullName);
        try
        {
            Directory.CreateDirectory(server.Root);
            var key = Path.Combine(server._folder, "host");
            await ServerProcess.RunAsync(NoVariables, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key);
            server._hostKey = (await ServerProcess.RunAsync(NoVariables, "ssh-keygen", "-l", "-f", $"{key}.pub")).Split(' ')[1];
            await server.StartAgainAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A new empty folder below the root, by its name.</summary>
    public string CreateFolder() => Directory.CreateDirectory(Path.Combine(Root, Guid.NewGuid().ToString("n"))).Name;

    public async Task KillAsync()
    {
        await _process!.KillAsync();
        _process = null;
    }

    public async Task StartAgainAsync()
    {
        string[] own = _protocol is "sftp" ? ["--key", Path.Combine(_folder, "host")] : [];
        var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{_port}");
        _process = await ServerProcess.StartAsync(
            Path.Combine(_folder, "rclone.out"), NoVariables, "rclone", ["serve", _protocol, Root, "--addr", address, "--user", User, "--pass", Password, "--dir-cache-time", "0", .. own]);
        await _process.WaitAsync(async () =>
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", _port);
                return true;
            }
            catch (SocketException)
            {
                return false;
            }
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }
}
