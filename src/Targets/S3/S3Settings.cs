using System.Collections.Immutable;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Http;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Targets.S3;

/// <summary>A target's settings, checked against its platform and ready to use.</summary>
internal sealed record S3Settings
{
    private const string Packs = "packs/";
    private const string KmsOption = "kmskey";
    private const int MaxLabelLength = 63;

    private static readonly string[] CommonOptions =
    [
        "region", "endpoint", "pathstyle", "checksum", "storageclass", KmsOption, "sse", "versioning", "conditionalput", "serverchecksum", "writeonce", "owner",
        "ca", "proxy", "allowplainhttp", "parallel", "stalltimeout",
    ];

    public required S3Profile Profile { get; init; }

    public required string Bucket { get; init; }

    /// <summary>Empty or ends with a slash.</summary>
    public required string Prefix { get; init; }

    public required Uri Endpoint { get; init; }

    public required string Region { get; init; }

    public required string DisplayName { get; init; }

    public bool UsesPathStyle { get; init; }

    /// <summary>Ends with a slash. The bucket's name stands before the endpoint's where one label more makes the name of a host, else in the path: a certificate for all buckets has none with a dot.</summary>
    public Uri BucketAddress
    {
        get
        {
            var folder = new UriBuilder(Endpoint) { Path = $"{Endpoint.AbsolutePath.TrimEnd('/')}/" };
            return UsesPathStyle || Endpoint.HostNameType is not UriHostNameType.Dns || !IsLabel(Bucket)
                ? new Uri(folder.Uri, $"{Bucket}/")
                : new UriBuilder(folder.Uri) { Host = $"{Bucket}.{Endpoint.Host}" }.Uri;
        }
    }

    public PayloadMode Payload { get; init; }

    public bool SendsMd5 { get; init; }

    /// <summary>Known to refuse the second put of a name, and so not looked up before one.</summary>
    public bool HasConditionalPut { get; init; }

    /// <summary>The condition goes along, whether or not it is known to be kept.</summary>
    public bool SendsCondition { get; init; }

    public bool HasServerChecksum { get; init; } = true;

    public bool EnforcesWriteOnce { get; init; }

    /// <summary>Null where it is not known.</summary>
    public bool? IsVersioned { get; init; }

    public bool AsksForEncryption { get; init; }

    public string? KmsKey { get; init; }

    /// <summary>For packs alone, or the bucket's where it is the bucket that has a class.</summary>
    public string? StorageClass { get; init; }

    /// <summary>What a new bucket is said to lie in.</summary>
    public string? Location => Profile.LocationOf(Region, StorageClass);

    public TimeSpan? MinStorageTime => StorageClass is { } name && Profile.MinStorageTimes.TryGetValue(name, out var time) ? time : Profile.MinStorageTime;

    /// <summary>Options that this platform alone has.</summary>
    public IReadOnlyDictionary<string, string> OwnOptions { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The account that the bucket must belong to.</summary>
    public string? Owner { get; init; }

    /// <summary>A role that is taken on with the credential.</summary>
    public S3Role? Role { get; init; }

    /// <summary>Where roles are taken on.</summary>
    public required Uri TokenService { get; init; }

    public string? Proxy { get; init; }

    public string? AuthorityFile { get; init; }

    public int ParallelPuts { get; init; } = 2;

    /// <summary>Around the way to the store: what authorizes requests where the signature does not.</summary>
    public Func<HttpMessageHandler, HttpMessageHandler>? Authorize { get; init; }

    public TimeSpan StallTimeout { get; init; } = HttpStoreOptions.DefaultStallTimeout;

    public long MultipartThresholdBytes { get; init; }

    public int PartBytes { get; init; } = 32 << 20;

    /// <summary>The server keeps the sums of parts, and of all of them together.</summary>
    public bool KeepsPartChecksums => Profile.Payload == PayloadMode.Checksummed;

    /// <summary>Null for the bucket's own. The setting is for packs alone: what is read all the time stays where it costs nothing to read.</summary>
    public string? ClassFor(ObjectName name, PutOptions options) =>
        options.StorageClass ?? (Profile.BucketClasses.Count == 0 && name.Value.StartsWith(Packs, StringComparison.Ordinal) ? StorageClass : null);

    /// <param name="isWarm">A copy that can be read is there.</param>
    public ObjectAccess AccessOf(string storageClass, bool isWarming, bool isWarm) => !Profile.ColdClasses.Contains(storageClass, StringComparer.Ordinal) || (isWarm && !isWarming)
        ? ObjectAccess.Ready
        : isWarming ? ObjectAccess.Warming : ObjectAccess.Cold;

    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>TargetAddressInvalid</c>, <c>PlainHttpRefused</c>.</exception>
    public static S3Settings From(TargetSettings settings, S3Profile profile, TimeSpan stallTimeout)
    {
        var options = new OptionReader(settings, profile.Name, CommonOptions.Where(option => profile.TakesKmsKeys || option is not KmsOption).Concat(profile.OwnOptions));
        var address = settings.Address;
        var region = RegionOf(settings, profile);
        var given = options.Text("endpoint");
        var endpoint = given ?? profile.EndpointOf?.Invoke(region, key => options.Flag(key) ?? false)
            ?? throw OptionReader.Invalid($"{address} needs the address of the server, as in {address.Scheme}://bucket/prefix?endpoint=https://host:port.");
        var tokens = profile.TokenServiceOf?.Invoke(region, key => options.Flag(key) ?? false) ?? endpoint;
        PlainHttp.Refuse(endpoint, options.AllowsPlainHttp);
        PlainHttp.Refuse(tokens, options.AllowsPlainHttp);
        var uri = new Uri(endpoint);
        var checksum = options.Choice("checksum", "auto", "md5", "sha256") ?? "auto";
        return new S3Settings
        {
            Profile = profile,
            Bucket = address.Host,
            Prefix = address.Prefix,
            Endpoint = uri,
            Region = region,
            DisplayName = $"{address.Scheme}://{address.Host}/{address.Prefix}".TrimEnd('/') + (given is null ? "" : $"@{uri.Authority}"),
            UsesPathStyle = options.Flag("pathstyle") ?? profile.UsesPathStyle,
            Payload = profile.Payload == PayloadMode.Checksummed && uri.Scheme is "https" ? PayloadMode.Checksummed : PayloadMode.Signed,
            SendsMd5 = checksum is "md5" || (profile.SendsMd5 && checksum is "auto"),
            HasConditionalPut = options.Flag("conditionalput") ?? (profile.ConditionalPut == ConditionalPutSupport.Yes),
            SendsCondition = options.Flag("conditionalput") ?? (profile.ConditionalPut != ConditionalPutSupport.Probe),
            HasServerChecksum = options.HasServerChecksum,
            EnforcesWriteOnce = options.EnforcesWriteOnce,
            IsVersioned = profile.IsVersioned ?? (options.Text("versioning") is SetupItem.Suspended ? null : options.Flag("versioning")),
            AsksForEncryption = options.Flag("sse") ?? profile.AsksForEncryption,
            KmsKey = options.Text(KmsOption),
            StorageClass = StorageClassOf(settings, profile),
            OwnOptions = profile.OwnOptions.Where(option => options.Text(option) is not null).ToImmutableDictionary(static option => option, option => options.Text(option)!, StringComparer.Ordinal),
            Owner = options.Text("owner"),
            Role = S3Role.Of(options.Text("rolearn"), options.Text("externalid")),
            TokenService = new Uri(tokens),
            Proxy = options.Text("proxy"),
            AuthorityFile = options.Text("ca"),
            ParallelPuts = options.ParallelPuts,
            StallTimeout = options.StallTimeout(stallTimeout),
            MultipartThresholdBytes = profile.MultipartThresholdBytes,
        };
    }

    private static bool IsLabel(string bucket) =>
        bucket.Length <= MaxLabelLength && bucket.All(static character => char.IsAsciiLetterLower(character) || char.IsAsciiDigit(character) || character is '-') && bucket[^1] is not '-';

    private static string RegionOf(TargetSettings settings, S3Profile profile)
    {
        var region = settings.Option("region") ?? profile.DefaultRegion ?? throw OptionReader.Invalid($"{settings.Address} needs a region, as in {settings.Address}?region=….");
        if (region.Length is 0 or > 64 || !region.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
            || (profile.Regions.Count > 0 && settings.Option("endpoint") is null && !profile.Regions.Contains(region, StringComparer.Ordinal)))
        {
            throw OptionReader.Invalid($"'{region}' is no region of {profile.Name}{(profile.Regions.Count == 0 ? "" : $"; it has {string.Join(", ", profile.Regions)}")}.");
        }

        return region;
    }

    private static string? StorageClassOf(TargetSettings settings, S3Profile profile)
    {
        var known = profile.BucketClasses.Count > 0 ? profile.BucketClasses.ToList() : [.. profile.ReadyClasses, .. profile.ColdClasses];
        var name = settings.Option("storageclass")?.ToUpperInvariant();
        return name is null || known.Count == 0 || known.Contains(name, StringComparer.Ordinal)
            ? name
            : throw OptionReader.Invalid($"'{name}' is no storage class of {profile.Name}; it has {string.Join(", ", known)}.");
    }
}
