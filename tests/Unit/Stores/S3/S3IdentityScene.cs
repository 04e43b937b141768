using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Aws;
using SecureBackup.Targets.S3;
using SecureBackup.Tests.Servers.Doubles.Aws;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>An account of AWS: its store, its token service, and a machine and a container in it; all by one clock.</summary>
internal sealed class S3IdentityScene : IAsyncDisposable
{
    public const string Role = "arn:aws:iam::123456789012:role/backup";
    public const string WebToken = "eyJhbGciOiJSUzI1NiJ9.of-the-cluster";

    private const string Bucket = "offsite";

    private readonly TempFolder _folder = new();
    private int _puts;

    private S3IdentityScene()
    {
    }

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);

    public S3DoubleOptions Account { get; private set; } = null!;

    public S3Double Store { get; private set; } = null!;

    public StsDouble Tokens { get; private set; } = null!;

    public MetadataDouble Machine { get; private set; } = null!;

    /// <summary>Of the process that opens the target.</summary>
    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    public string TokenFile => _folder["token"];

    public string ProfileFile => _folder["credentials"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<S3IdentityScene> StartAsync()
    {
        var scene = new S3IdentityScene();
        scene.Account = new S3DoubleOptions { Time = scene.Clock };
        scene.Store = await S3Double.StartAsync(scene.Account);
        scene.Store.MakeBucket(Bucket);
        scene.Tokens = await StsDouble.StartAsync(scene.Account);
        scene.Tokens.Roles[Role] = new StsRole { WebToken = WebToken };
        scene.Machine = await MetadataDouble.StartAsync(scene.Account.Sessions, scene.Clock);
        scene.Environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = scene.Machine.Endpoint.AbsoluteUri;
        scene.Environment["AWS_SHARED_CREDENTIALS_FILE"] = scene.ProfileFile;
        await File.WriteAllTextAsync(scene.TokenFile, WebToken, Cancel);
        await File.WriteAllTextAsync(scene.ProfileFile, "", Cancel);
        return scene;
    }

    public TargetCredential Keys() => TargetCredential.Of(Account.Key.Id, Account.Key.Secret, "of the target 'offsite'");

    public S3Settings Settings(params (string Key, string Value)[] options) =>
        S3Settings.From(
            new TargetSettings
            {
                Address = TargetUri.Parse($"s3://{Bucket}/shop?region=eu-central-1&pathstyle=yes&conditionalput=yes&versioning=off&endpoint={Store.Endpoint.OriginalString.TrimEnd('/')}"),
                Options = options.ToDictionary(static option => option.Key, static option => option.Value, StringComparer.Ordinal),
            },
            AwsProfile.Instance,
            TimeSpan.FromSeconds(60)) with { TokenService = Tokens.Endpoint };

    public Target Open(TargetCredential credential, params (string Key, string Value)[] options) => S3Scene.Open(Settings(options), credential, Clock, name => Environment.GetValueOrDefault(name));

    public Task<PutReceipt> PutAsync(Target target) => target.PutAsync(new ObjectName($"packs/{Interlocked.Increment(ref _puts)}"), new MemoryStream([1, 2, 3]), PutOptions.Default, Cancel);

    public async ValueTask DisposeAsync()
    {
        await Machine.DisposeAsync();
        await Tokens.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Dispose();
    }
}
