using System.Net.Sockets;

namespace SecureBackup.Tests.Servers.Processes;

/// <summary>Apache with mod_dav over a folder, with and without TLS, for a user with a password, and for one who may only read.</summary>
public sealed class ApacheDav : IAsyncDisposable
{
    public const string Install = "apt-get install apache2-bin openssl";

    private const string Modules = "/usr/lib/apache2/modules";

    private const string OpenPrefix = "open-";

    private static readonly Dictionary<string, string> NoVariables = [];

    private readonly string _folder;
    private readonly int _port = ServerProcess.FreePort();
    private readonly int _tlsPort = ServerProcess.FreePort();
    private ServerProcess? _process;

    private ApacheDav(string folder)
    {
        _folder = folder;
    }

    public static IReadOnlyList<string> MissingPrograms =>
        File.Exists($"{Modules}/mod_dav_fs.so") ? ServerProcess.Missing("apache2", "openssl") : ["mod_dav_fs"];

    public string User { get; } = "u";

    public string Reader { get; } = "reader";

    public string Password { get; } = Guid.NewGuid().ToString("n");

    /// <summary>The root of what is served.</summary>
    public string Root => Path.Combine(_folder, "dav");

    public string Authority => $"127.0.0.1:{_port}";

    public string SecureAuthority => $"127.0.0.1:{_tlsPort}";

    /// <summary>The certificate of who signed the server's.</summary>
    public string AuthorityFile => Path.Combine(_folder, "ca.pem");

    public static async Task<ApacheDav> StartAsync()
    {
        var server = new ApacheDav(Directory.CreateTempSubdirectory("dav-").FullName);
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

    /// <summary>A new empty folder below the root, by its name.</summary>
    /// <param name="asksNobody">It is everybody's, without a user or a password.</param>
    public string CreateFolder(bool asksNobody = false)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Root, $"{(asksNobody ? OpenPrefix : "")}{Guid.NewGuid():n}"));
        Open(folder.FullName);
        return folder.Name;
    }

    public async Task KillAsync()
    {
        await _process!.KillAsync();
        _process = null;
    }

    public async Task StartAgainAsync()
    {
        // One process: what is killed is all of it.
        _process = await ServerProcess.StartAsync(Path.Combine(_folder, "apache.out"), NoVariables, "/usr/sbin/apache2", "-X", "-f", Path.Combine(_folder, "apache.conf"));
        await _process.WaitAsync(async () =>
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", _tlsPort);
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

    /// <summary>Lets the server's user, who is another one when the tests run as root, write there.</summary>
    public static void Open(string folder)
    {
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_111);
        }
    }

    private async Task SetUpAsync()
    {
        Open(_folder);
        Directory.CreateDirectory(Root);
        Open(Root);
        Certificates.Write(_folder);
        var hash = (await ServerProcess.RunAsync(NoVariables, "openssl", "passwd", "-apr1", Password)).Trim();
        await File.WriteAllLinesAsync(Path.Combine(_folder, "users"), [$"{User}:{hash}", $"{Reader}:{hash}"]);
        await File.WriteAllTextAsync(Path.Combine(_folder, "apache.conf"), Configuration());
        await StartAgainAsync();
    }

    private string Configuration()
    {
        string[] names = ["mpm_event", "unixd", "authn_core", "authn_file", "authz_core", "authz_user", "auth_basic", "dav", "dav_fs", "socache_shmcb", "ssl"];
        var modules = names.Where(static name => File.Exists($"{Modules}/mod_{name}.so")).Select(static name => $"LoadModule {name}_module {Modules}/mod_{name}.so");
        return $"""
            ServerRoot {_folder}
            ServerName localhost
            PidFile {_folder}/apache.pid
            ErrorLog {_folder}/error.log
            DefaultRuntimeDir {_folder}
            Listen 127.0.0.1:{_port}
            Listen 127.0.0.1:{_tlsPort}
            {string.Join('\n', modules)}
            User {(Environment.IsPrivilegedProcess ? "www-data" : Environment.UserName)}
            ThreadsPerChild 32
            MaxRequestWorkers 32
            KeepAlive On
            MaxKeepAliveRequests 0
            DocumentRoot {Root}
            DavLockDB {_folder}/locks
            <Directory {Root}>
                Dav On
                AuthType Basic
                AuthName test
                AuthUserFile {_folder}/users
                <LimitExcept GET HEAD OPTIONS PROPFIND>
                    Require user {User}
                </LimitExcept>
                <Limit GET HEAD OPTIONS PROPFIND>
                    Require valid-user
                </Limit>
            </Directory>
            <DirectoryMatch "^{Root}/{OpenPrefix}">
                Require all granted
            </DirectoryMatch>
            <VirtualHost 127.0.0.1:{_tlsPort}>
                SSLEngine on
                SSLCertificateFile {_folder}/tls.pem
                SSLCertificateKeyFile {_folder}/tls.key
            </VirtualHost>

            """;
    }
}
