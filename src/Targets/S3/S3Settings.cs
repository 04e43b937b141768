using System.Collections.Immutable;
using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.S3;

/// <summary>A target's settings, checked against its platform and ready to use.</summary>
internal sealed record S3Settings
{
    private const int MaxParallel = 16;

    private const string Packs = "packs/";

    private static readonly string[] CommonOptions =
    [
        "region", "endpoint", "pathstyle", "checksum", "storageclass", "kmskey", "sse", "versioning", "conditionalput", "serverchecksum", "writeonce", "owner",
        "rolearn", "externalid", "ca", "proxy", "allowplainhttp", "parallel", "stalltimeout",
    ];

    public required S3Profile Profile { get; init; }

    public required string Bucket { get; init; }

    /// <summary>Empty or ends with a slash.</summary>
    public required string Prefix { get; init; }

    public required Uri Endpoint { get; init; }

    public required string Region { get; init; }

    public required string DisplayName { get; init; }

    public bool UsesPathStyle { get; init; }

    public PayloadMode Payload { get; init; }

    public bool SendsMd5 { get; init; }

    public bool HasConditionalPut { get; init; }

    public bool HasServerChecksum { get; init; } = true;

    public bool EnforcesWriteOnce { get; init; }

    /// <summary>Null where it is not known.</summary>
    public bool? IsVersioned { get; init; }

    public bool AsksForEncryption { get; init; }

    public string? KmsKey { get; init; }

    /// <summary>For packs alone.</summary>
    public string? StorageClass { get; init; }

    /// <summary>The account that the bucket must belong to.</summary>
    public string? Owner { get; init; }

    public string? RoleArn { get; init; }

    public string? ExternalId { get; init; }

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
    public string? ClassFor(ObjectName name, PutOptions options) => options.StorageClass ?? (name.Value.StartsWith(Packs, StringComparison.Ordinal) ? StorageClass : null);

    /// <param name="isWarm">A copy that can be read is there.</param>
    public ObjectAccess AccessOf(string storageClass, bool isWarming, bool isWarm) => !Profile.ColdClasses.Contains(storageClass, StringComparer.Ordinal) || (isWarm && !isWarming)
        ? ObjectAccess.Ready
        : isWarming ? ObjectAccess.Warming : ObjectAccess.Cold;

    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>TargetAddressInvalid</c>, <c>PlainHttpRefused</c>.</exception>
    public static S3Settings From(TargetSettings settings, S3Profile profile, TimeSpan stallTimeout)
    {
        RequireKnown(settings, profile);
        var address = settings.Address;
        var region = RegionOf(settings, profile);
        var given = settings.Option("endpoint");
        var endpoint = given ?? profile.EndpointOf?.Invoke(region, key => Flag(settings, key) ?? false)
            ?? throw Invalid($"{address} needs the address of the server, as in {address.Scheme}://bucket/prefix?endpoint=https://host:port.");
        PlainHttp.Refuse(endpoint, Flag(settings, "allowplainhttp") ?? false);
        var uri = new Uri(endpoint);
        var checksum = Choice(settings, "checksum", "auto", "md5", "sha256") ?? "auto";
        return new S3Settings
        {
            Profile = profile,
            Bucket = address.Host,
            Prefix = address.Prefix,
            Endpoint = uri,
            Region = region,
            DisplayName = $"{address.Scheme}://{address.Host}/{address.Prefix}".TrimEnd('/') + (given is null ? "" : $"@{uri.Authority}"),
            UsesPathStyle = Flag(settings, "pathstyle") ?? profile.UsesPathStyle,
            Payload = profile.Payload == PayloadMode.Checksummed && uri.Scheme is "https" ? PayloadMode.Checksummed : PayloadMode.Signed,
            SendsMd5 = checksum is "md5" || (profile.SendsMd5 && checksum is "auto"),
            HasConditionalPut = Flag(settings, "conditionalput")
                ?? (profile.ConditionalPut == ConditionalPutSupport.Yes || (profile.ConditionalPut == ConditionalPutSupport.WithoutVersions && Flag(settings, "versioning") != true)),
            HasServerChecksum = Flag(settings, "serverchecksum") ?? true,
            EnforcesWriteOnce = Flag(settings, "writeonce") ?? false,
            IsVersioned = profile.IsVersioned ?? Flag(settings, "versioning"),
            AsksForEncryption = Flag(settings, "sse") ?? profile.AsksForEncryption,
            KmsKey = settings.Option("kmskey"),
            StorageClass = StorageClassOf(settings, profile),
            Owner = settings.Option("owner"),
            RoleArn = settings.Option("rolearn"),
            ExternalId = settings.Option("externalid"),
            Proxy = settings.Option("proxy"),
            AuthorityFile = settings.Option("ca"),
            ParallelPuts = Number(settings, "parallel", 1, MaxParallel) ?? 2,
            StallTimeout = Number(settings, "stalltimeout", 1, 3600) is { } seconds ? TimeSpan.FromSeconds(seconds) : stallTimeout,
            MultipartThresholdBytes = profile.MultipartThresholdBytes,
        };
    }

    private static void RequireKnown(TargetSettings settings, S3Profile profile)
    {
        var known = CommonOptions.Concat(profile.OwnOptions).ToImmutableSortedSet(StringComparer.Ordinal);
        if (settings.Options.Keys.Concat(settings.Address.Options.Keys).FirstOrDefault(key => !known.Contains(key)) is { } unknown)
        {
            throw Invalid($"'{unknown}' is no setting of {profile.Name}; it has {string.Join(", ", known)}.");
        }
    }

    private static string RegionOf(TargetSettings settings, S3Profile profile)
    {
        var region = settings.Option("region") ?? profile.DefaultRegion ?? throw Invalid($"{settings.Address} needs a region, as in {settings.Address}?region=….");
        if (region.Length is 0 or > 64 || !region.All(static character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_')
            || (profile.Regions.Count > 0 && settings.Option("endpoint") is null && !profile.Regions.Contains(region, StringComparer.Ordinal)))
        {
            throw Invalid($"'{region}' is no region of {profile.Name}{(profile.Regions.Count == 0 ? "" : $"; it has {string.Join(", ", profile.Regions)}")}.");
        }

        return region;
    }

    private static string? StorageClassOf(TargetSettings settings, S3Profile profile)
    {
        var known = profile.ReadyClasses.Concat(profile.ColdClasses).ToList();
        var name = settings.Option("storageclass")?.ToUpperInvariant();
        return name is null || known.Count == 0 || known.Contains(name, StringComparer.Ordinal)
            ? name
            : throw Invalid($"'{name}' is no storage class of {profile.Name}; it has {string.Join(", ", known)}.");
    }

    private static bool? Flag(TargetSettings settings, string key) => settings.Option(key)?.ToLowerInvariant() switch
    {
        null => null,
        "yes" or "on" or "true" => true,
        "no" or "off" or "false" => false,
        var other => throw Invalid($"'{key}' is yes or no, not '{other}'."),
    };

    private static string? Choice(TargetSettings settings, string key, params string[] choices) => settings.Option(key)?.ToLowerInvariant() switch
    {
        null => null,
        var given when choices.Contains(given, StringComparer.Ordinal) => given,
        var other => throw Invalid($"'{key}' is one of {string.Join(", ", choices)}, not '{other}'."),
    };

    private static int? Number(TargetSettings settings, string key, int min, int max) => settings.Option(key) switch
    {
        null => null,
        var given when int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max => number,
        var other => throw Invalid($"'{key}' is a number from {min} to {max}, not '{other}'."),
    };

    private static RequestException Invalid(string message) => new(FaultCodes.TargetOptionInvalid, message);
}
