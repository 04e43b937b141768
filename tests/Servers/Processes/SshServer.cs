using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace SecureBackup.Tests.Servers.Processes;

/// <summary>OpenSSH with a configuration of its own, for SFTP alone and for whoever runs the tests. It can be killed and started again.</summary>
public sealed class SshServer : IAsyncDisposable
{
    public const string Install = "apt-get install openssh-server";

    private const string QuickLogins = "KexAlgorithms ecdh-sha2-nistp256\nCiphers aes128-gcm@openssh.com";

    private static readonly Dictionary<string, string> NoVariables = [];

    private readonly string _folder;
    private readonly bool _hasQuickLogins;
    private readonly int _port = ServerProcess.FreePort();
    private ServerProcess? _process;

    private SshServer(string folder, bool hasQuickLogins)
    {
        _folder = folder;
        _hasQuickLogins = hasQuickLogins;
    }

    public static IReadOnlyList<string> MissingPrograms => OperatingSystem.IsWindows() ? ["sshd"] : ServerProcess.Missing("sshd", "ssh-keygen");

    public string Authority => AuthorityAt(_port);

    public int Port => _port;

    /// <summary>Its fingerprint, as an address pins it.</summary>
    public string HostKey { get; private set; } = "";

    /// <summary>Of the user; no passphrase.</summary>
    public string KeyFile => Path.Combine(_folder, "user");

    /// <summary>Opens with <see cref="Passphrase"/>.</summary>
    public string LockedKeyFile => Path.Combine(_folder, "locked");

    /// <summary>Of one who may only read.</summary>
    public string ReaderKeyFile => Path.Combine(_folder, "reader");

    /// <summary>Of one who may not list.</summary>
    public string BlindKeyFile => Path.Combine(_folder, "blind");

    /// <summary>Of one who may not set rights.</summary>
    public string RightlessKeyFile => Path.Combine(_folder, "rightless");

    /// <summary>A key that the server does not know.</summary>
    public string StrangerKeyFile => Path.Combine(_folder, "stranger");

    public string Passphrase { get; } = Guid.NewGuid().ToString("n");

    /// <param name="hasQuickLogins">Only what both sides compute quickly: for tests that log in thousands of times.</param>
    public static async Task<SshServer> StartAsync(bool hasQuickLogins = false)
    {
        var server = new SshServer(Directory.CreateTempSubdirectory("sshd-").FullName, hasQuickLogins);
        try
        {
            await server.SetUpAsync();
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A new empty folder, by its full path.</summary>
    public string CreateFolder() => Directory.CreateDirectory(Path.Combine(_folder, "data", Guid.NewGuid().ToString("n"))).FullName;

    /// <summary>The address of a folder, with the pin.</summary>
    /// <param name="port">Of who stands before the server.</param>
    public string AddressOf(string folder, string? keyFile = null, int? port = null) => $"sftp://{AuthorityAt(port ?? _port)}{folder}?hostkey={HostKey}&identityfile={keyFile ?? KeyFile}";

    /// <summary>The server, and the processes of its own that serve connections.</summary>
    public async Task KillAsync()
    {
        foreach (var id in ServingProcesses())
        {
            try
            {
                using var serving = Process.GetProcessById(id);
                serving.Kill();
            }
            catch (ArgumentException)
            {
                // It has ended by itself.
            }
        }

        await _process!.KillAsync();
        _process = null;
    }

    public async Task StartAgainAsync()
    {
        // The program starts itself anew for each connection, if it is not told to branch alone, and wants to know where it is.
        var program = new[] { "/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd" }.First(File.Exists);
        string[] once = _hasQuickLogins ? ["-r"] : [];
        _process = await ServerProcess.StartAsync(Path.Combine(_folder, "sshd.out"), NoVariables, program, ["-D", "-e", .. once, "-f", Path.Combine(_folder, "sshd_config")]);
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

    private static string AuthorityAt(int port) => string.Create(CultureInfo.InvariantCulture, $"{Environment.UserName}@127.0.0.1:{port}");

    private async Task SetUpAsync()
    {
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        if (Environment.IsPrivilegedProcess)
        {
            // Debian's build wants it, and the service that would make it does not run.
            Directory.CreateDirectory("/run/sshd");
        }

        await MakeKeyAsync("host", "");
        await MakeKeyAsync("user", "");
        await MakeKeyAsync("locked", Passphrase);
        await MakeKeyAsync("reader", "");
        await MakeKeyAsync("blind", "");
        await MakeKeyAsync("rightless", "");
        await MakeKeyAsync("stranger", "");
        HostKey = (await ServerProcess.RunAsync(NoVariables, "ssh-keygen", "-l", "-f", Path.Combine(_folder, "host.pub"))).Split(' ')[1];
        await File.WriteAllLinesAsync(
            Path.Combine(_folder, "authorized"),
            [
                $"command=\"internal-sftp\" {await PublicKeyAsync("user")}",
                $"command=\"internal-sftp\" {await PublicKeyAsync("locked")}",
                $"command=\"internal-sftp -R\" {await PublicKeyAsync("reader")}",
                $"command=\"internal-sftp -P opendir,readdir\" {await PublicKeyAsync("blind")}",
                $"command=\"internal-sftp -P setstat,fsetstat\" {await PublicKeyAsync("rightless")}",
            ]);
        await File.WriteAllTextAsync(Path.Combine(_folder, "sshd_config"), $"""
            Port {_port}
            ListenAddress 127.0.0.1
            HostKey {_folder}/host
            PidFile {_folder}/sshd.pid
            AuthorizedKeysFile {_folder}/authorized
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            PermitRootLogin prohibit-password
            MaxStartups 1000
            Subsystem sftp internal-sftp
            {(_hasQuickLogins ? QuickLogins : "")}

            """);
        await StartAgainAsync();
    }

    private List<int> ServingProcesses()
    {
        var all = new List<int> { _process!.Id };
        for (var index = 0; index < all.Count; index++)
        {
            var path = $"/proc/{all[index]}/task/{all[index]}/children";
            all.AddRange((File.Exists(path) ? File.ReadAllText(path) : "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static id => int.Parse(id, CultureInfo.InvariantCulture)));
        }

        return all[1..];
    }

    private Task<string> MakeKeyAsync(string name, string passphrase) =>
        ServerProcess.RunAsync(NoVariables, "ssh-keygen", "-q", "-t", _hasQuickLogins ? "ecdsa" : "ed25519", "-N", passphrase, "-C", name, "-f", Path.Combine(_folder, name));

    private async Task<string> PublicKeyAsync(string name) => (await File.ReadAllTextAsync(Path.Combine(_folder, $"{name}.pub"))).Trim();
}
