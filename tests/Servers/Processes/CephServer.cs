using System.Globalization;
using System.Security.Cryptography;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace SecureBackup.Tests.Servers.Processes;

/// <summary>
/// A whole Ceph of one node: monitor, a store in memory, and the gateway that speaks S3, over http and https. The gateway can be killed and started again; the
/// data is the store's. Everything lies in one folder, which goes with it.
/// </summary>
public sealed class CephServer : IAsyncDisposable
{
    public const string Install = "apt-get install radosgw ceph-mon ceph-osd ceph-common";

    private readonly string _folder;
    private readonly Dictionary<string, string> _environment;
    private readonly int _monitorPort = ServerProcess.FreePort();
    private readonly int _port = ServerProcess.FreePort();
    private readonly int _tlsPort = ServerProcess.FreePort();
    private readonly List<ServerProcess> _daemons = [];
    private ServerProcess? _gateway;
    private AmazonS3Client? _admin;

    private CephServer(string folder)
    {
        _folder = folder;
        _environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["CEPH_CONF"] = Path.Combine(folder, "ceph.conf") };
    }

    public static IReadOnlyList<string> MissingPrograms => ServerProcess.Missing("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph");

    public Uri Endpoint => new($"http://127.0.0.1:{_port}");

    public Uri SecureEndpoint => new($"https://127.0.0.1:{_tlsPort}");

    /// <summary>The certificate of who signed the server's.</summary>
    public string AuthorityFile => Path.Combine(_folder, "ca.pem");

    public S3Key Key { get; } = S3Key.New();

    /// <summary>As the owner of all buckets, past anything that is tested.</summary>
    public IAmazonS3 Admin => _admin ??= Client(Key);

    public static async Task<CephServer> StartAsync()
    {
        var server = new CephServer(Directory.CreateTempSubdirectory("ceph-").FullName);
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

    public AmazonS3Client Client(S3Key key) => new(new BasicAWSCredentials(key.Id, key.Secret), new AmazonS3Config
    {
        ServiceURL = Endpoint.AbsoluteUri,
        ForcePathStyle = true,
        AuthenticationRegion = "us-east-1",
        RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,

        // The library's own is 24 days, for which a test would wait where the gateway waits for itself.
        Timeout = TimeSpan.FromSeconds(60),
    });

    /// <summary>A new bucket of a name of its own.</summary>
    public async Task<string> CreateBucketAsync(bool hasLock = false)
    {
        var name = $"vault-{Guid.NewGuid():n}";
        await Admin.PutBucketAsync(new PutBucketRequest { BucketName = name, ObjectLockEnabledForBucket = hasLock });
        return name;
    }

    /// <summary>Another account, which has no right to anything yet.</summary>
    public async Task<S3Key> CreateUserAsync(string name)
    {
        var key = S3Key.New();
        await RunAsync("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", name, "--display-name", name, "--access-key", key.Id, "--secret-key", key.Secret);
        return key;
    }

    public async Task KillGatewayAsync()
    {
        await _gateway!.KillAsync();
        _gateway = null;
    }

    public async Task StartGatewayAsync()
    {
        _gateway = await StartAsync("radosgw", "-n", "client.rgw", "-f");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        await _gateway.WaitAsync(async () =>
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
        _admin?.Dispose();
        foreach (var daemon in _daemons.Prepend(_gateway).OfType<ServerProcess>())
        {
            await daemon.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task SetUpAsync()
    {
        foreach (var name in new[] { "mon", "osd", "rgw", "run" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, name));
        }

        Certificates.Write(_folder);
        var cluster = Guid.NewGuid().ToString();
        await File.WriteAllTextAsync(_environment["CEPH_CONF"], Configuration(cluster));
        var map = Path.Combine(_folder, "monmap");
        await RunAsync("monmaptool", "--create", "--clobber", "--fsid", cluster, "--addv", "a", $"[v2:127.0.0.1:{_monitorPort}]", "--set-min-mon-release", "pacific", map);
        await RunAsync("ceph-mon", "--mkfs", "-i", "a", "--monmap", map);
        _daemons.Add(await StartAsync("ceph-mon", "-i", "a", "-f"));
        var store = Guid.NewGuid().ToString();
        await RunAsync("ceph", "osd", "new", store);
        await RunAsync("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store);
        _daemons.Insert(0, await StartAsync("ceph-osd", "-i", "0", "-f"));
        await RunAsync("radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "test", "--display-name", "test", "--access-key", Key.Id, "--secret-key", Key.Secret);
        await StartGatewayAsync();
    }

    private Task<ServerProcess> StartAsync(string program, params string[] arguments) =>
        ServerProcess.StartAsync(Path.Combine(_folder, $"{program}.out"), _environment, program, arguments);

    private Task<string> RunAsync(string program, params string[] arguments) => ServerProcess.RunAsync(_environment, program, arguments);

    /// <summary>
    /// Quick to start (the paxos intervals: 1.5 s instead of 11), quick to answer (tcp_nodelay: not 44 ms each), and a lifecycle whose day has 5 s. The gateway has one thread: with
    /// 32, version 16 corrupts its own memory and ends after a few hundred parallel puts of which some find their name taken; with one that takes many thousand. Of a delete of
    /// many names it does one at a time: with its usual 16 it reads attributes that another of them has freed, and ended ten times in 2,000 schedules, with one not once.
    /// </summary>
    private string Configuration(string cluster) => string.Create(CultureInfo.InvariantCulture, $"""
        [global]
        fsid = {cluster}
        mon host = v2:127.0.0.1:{_monitorPort}
        public addr = 127.0.0.1
        cluster addr = 127.0.0.1
        ms bind ipv6 = false
        auth cluster required = none
        auth service required = none
        auth client required = none
        ms mon client mode = crc
        ms mon service mode = crc
        ms mon cluster mode = crc
        run dir = {_folder}/run
        admin socket = {_folder}/run/$name.asok
        pid file = {_folder}/run/$name.pid
        log file = {_folder}/$name.log
        mon cluster log file = {_folder}/cluster.log
        crash dir = {_folder}/run
        osd pool default size = 1
        osd pool default min size = 1
        osd crush chooseleaf type = 0
        osd pool default pg num = 1
        osd pool default pgp num = 1
        osd pool default pg autoscale mode = off
        mon allow pool size one = true
        mon max pg per osd = 2000
        paxos propose interval = 0.05
        paxos min wait = 0.01
        [mon.a]
        mon data = {_folder}/mon
        mon data avail warn = 1
        mon data avail crit = 0
        [osd.0]
        osd data = {_folder}/osd
        osd objectstore = memstore
        memstore device bytes = 4294967296
        osd class load list = *
        osd class default list = *
        [client.rgw]
        rgw data = {_folder}/rgw
        rgw frontends = beast endpoint=127.0.0.1:{_port} tcp_nodelay=1 ssl_endpoint=127.0.0.1:{_tlsPort} ssl_certificate={_folder}/tls.pem ssl_private_key={_folder}/tls.key
        rgw thread pool size = 1
        rgw multi obj del max aio = 1
        rgw dns name = localhost
        rgw run sync thread = false
        rgw crypt require ssl = false
        rgw crypt s3 kms backend = testing
        rgw crypt s3 kms encryption keys = testkey-1={Convert.ToBase64String(RandomNumberGenerator.GetBytes(32))}
        rgw lc debug interval = 5
        rgw gc obj min wait = 5
        rgw gc processor period = 5

        """);
}
