using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.Google;
using SecureBackup.Tests.Servers.Doubles.Google;

namespace SecureBackup.Tests.Unit.Stores.Google;

/// <summary>A double with one bucket, and targets on it with the key of a service account.</summary>
internal sealed class GcsStore : IAsyncDisposable
{
    public const string Account = "backup@project.iam.gserviceaccount.com";
    public const string Bucket = "backups";
    public const int PartBytes = GcsSettings.ChunkUnitBytes;

    private GcsStore(GoogleIamDouble iam, GcsDouble server)
    {
        Iam = iam;
        Server = server;
    }

    public GoogleIamDouble Iam { get; }

    public GcsDouble Server { get; }

    /// <param name="bucket">JSON of what differs from a closed bucket; null makes none.</param>
    /// <param name="tokens">Of who gives tokens, where that is done over TLS.</param>
    public static async Task<GcsStore> StartAsync(string? bucket = "{}", bool hasObjectRetention = false, GcsDoubleOptions? options = null, X509Certificate2? tokens = null)
    {
        var iam = await GoogleIamDouble.StartAsync(certificate: tokens);
        var server = await GcsDouble.StartAsync((options ?? new GcsDoubleOptions()) with { Iam = iam });
        if (bucket is not null)
        {
            server.MakeBucket(Bucket, bucket, hasObjectRetention);
        }

        return new GcsStore(iam, server);
    }

    public static Task<GcsStore> StartLockingAsync(GcsDoubleOptions? options = null) =>
        StartAsync("""{"versioning":{"enabled":true}}""", hasObjectRetention: true, options);

    public Target Open(params (string Key, string Value)[] options)
    {
        using var credential = Credential();
        return RemoteTargets.Open(Settings(options), credential, Context);
    }

    /// <summary>Whatever is longer than a quarter of a MiB goes in a session.</summary>
    public Target OpenSmall(string prefix = "vault/", int chunkBytes = PartBytes, string bucket = Bucket, params (string Key, string Value)[] options)
    {
        using var credential = Credential();
        var settings = GcsSettings.From(Settings(options), TimeSpan.FromSeconds(60)) with { Bucket = bucket, Prefix = prefix, SinglePutBytes = PartBytes, ChunkBytes = chunkBytes };
        return new GcsTarget(settings, GcsCredentials.From(credential, settings), TimeProvider.System);
    }

    public static OpenContext Context { get; } = new(NullSink.Instance, TimeProvider.System);

    public TargetCredential Credential() => TargetCredential.Of("_json", Iam.ServiceAccount(Account), "of target offsite");

    public TargetSettings Settings(params (string Key, string Value)[] options) => new()
    {
        Address = TargetUri.Parse($"gs://{Bucket}/vault?endpoint={Server.Address.ToString().TrimEnd('/')}"),
        Options = options.ToImmutableSortedDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal),
    };

    /// <summary>Somebody in the platform's console lets them read.</summary>
    public async Task OpenToAsync(string member)
    {
        using var client = new GcsDoubleClient(Server);
        var token = Iam.Grant("admin@project", "https://www.googleapis.com/auth/cloud-platform");
        var (status, _) = await client.SendAsync(
            HttpMethod.Put, $"storage/v1/b/{Bucket}/iam", $$"""{"bindings":[{"role":"roles/storage.objectViewer","members":["{{member}}"]}]}""", token);
        Assert.Equal(200, status);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Iam.DisposeAsync();
    }
}
