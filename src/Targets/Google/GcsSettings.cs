using System.Collections.Immutable;
using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Google;

/// <summary>A target's settings, checked and ready to use.</summary>
internal sealed record GcsSettings
{
    public const string Platform = "Google Cloud Storage";

    /// <summary>Of a resumable upload: all chunks but the last have a multiple of it.</summary>
    public const int ChunkUnitBytes = 256 * 1024;

    private const string PublicEndpoint = "https://storage.googleapis.com";
    private const int MaxParallel = 16;

    private static readonly ImmutableSortedSet<string> Options = ImmutableSortedSet.Create(
        StringComparer.Ordinal,
        "region", "endpoint", "project", "conditionalput", "storageclass", "kmskey", "versioning", "uniformaccess", "objectretention", "writeonce", "serverchecksum", "autoclass",
        "ca", "proxy", "allowplainhttp", "parallel", "stalltimeout");

    /// <summary>With how long each is paid for at the least.</summary>
    private static readonly ImmutableSortedDictionary<string, int> Classes = ImmutableSortedDictionary.CreateRange(
        StringComparer.Ordinal,
        [KeyValuePair.Create("STANDARD", 0), KeyValuePair.Create("NEARLINE", 30), KeyValuePair.Create("COLDLINE", 90), KeyValuePair.Create("ARCHIVE", 365)]);

    public required string Bucket { get; init; }

    /// <summary>Empty or ends with a slash.</summary>
    public required string Prefix { get; init; }

    /// <summary>Ends with a slash.</summary>
    public required Uri Endpoint { get; init; }

    public required string DisplayName { get; init; }

    /// <summary>For packs alone.</summary>
    public string? StorageClass { get; init; }

    public TimeSpan? MinStorageTime => StorageClass is { } name && Classes[name] is > 0 and var days ? TimeSpan.FromDays(days) : null;

    public string? KmsKey { get; init; }

    /// <summary>Null where it is not known, as with the next two.</summary>
    public bool? IsVersioned { get; init; }

    public bool? HasUniformAccess { get; init; }

    public bool? HasObjectRetention { get; init; }

    /// <summary>What a test found; the condition is sent in any case.</summary>
    public bool HasConditionalPut { get; init; } = true;

    public bool HasServerChecksum { get; init; } = true;

    public bool EnforcesWriteOnce { get; init; }

    /// <summary>Only to make a bucket in.</summary>
    public string? Project { get; init; }

    /// <summary>Only to make a bucket in.</summary>
    public string? Location { get; init; }

    public bool? Autoclass { get; init; }

    public string? Proxy { get; init; }

    public string? AuthorityFile { get; init; }

    public int ParallelPuts { get; init; } = 2;

    public TimeSpan StallTimeout { get; init; } = HttpStoreOptions.DefaultStallTimeout;

    /// <summary>What goes in one request: a pack, with what it may be longer than it should. Longer ones go in a session.</summary>
    public long SinglePutBytes { get; init; } = (64 << 20) + (1 << 20);

    public int ChunkBytes { get; init; } = 64 * ChunkUnitBytes;

    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>PlainHttpRefused</c>.</exception>
    public static GcsSettings From(TargetSettings settings, TimeSpan stallTimeout)
    {
        if (settings.Options.Keys.Concat(settings.Address.Options.Keys).FirstOrDefault(key => !Options.Contains(key)) is { } unknown)
        {
            throw Invalid($"'{unknown}' is no setting of {Platform}; it has {string.Join(", ", Options)}.");
        }

        var address = settings.Address;
        var given = settings.Option("endpoint");
        PlainHttp.Refuse(given ?? PublicEndpoint, Flag(settings, "allowplainhttp") ?? false);
        var endpoint = new Uri((given ?? PublicEndpoint).TrimEnd('/') + '/');
        return new GcsSettings
        {
            Bucket = address.Host,
            Prefix = address.Prefix,
            Endpoint = endpoint,
            DisplayName = $"gs://{address.Host}/{address.Prefix}".TrimEnd('/') + (given is null ? "" : $"@{endpoint.Authority}"),
            StorageClass = StorageClassOf(settings),
            KmsKey = settings.Option("kmskey"),
            IsVersioned = Flag(settings, "versioning"),
            HasUniformAccess = Flag(settings, "uniformaccess"),
            HasObjectRetention = Flag(settings, "objectretention"),
            HasConditionalPut = Flag(settings, "conditionalput") ?? true,
            HasServerChecksum = Flag(settings, "serverchecksum") ?? true,
            EnforcesWriteOnce = Flag(settings, "writeonce") ?? false,
            Project = settings.Option("project"),
            Location = settings.Option("region"),
            Autoclass = Flag(settings, "autoclass"),
            Proxy = settings.Option("proxy"),
            AuthorityFile = settings.Option("ca"),
            ParallelPuts = Number(settings, "parallel", 1, MaxParallel) ?? 2,
            StallTimeout = Number(settings, "stalltimeout", 1, 3600) is { } seconds ? TimeSpan.FromSeconds(seconds) : stallTimeout,
        };
    }

    private static string? StorageClassOf(TargetSettings settings)
    {
        var name = settings.Option("storageclass")?.ToUpperInvariant();
        return name is null || Classes.ContainsKey(name) ? name : throw Invalid($"'{name}' is no storage class of {Platform}; it has {string.Join(", ", Classes.Keys)}.");
    }

    private static bool? Flag(TargetSettings settings, string key) => settings.Option(key)?.ToLowerInvariant() switch
    {
        null => null,
        "yes" or "on" or "true" => true,
        "no" or "off" or "false" => false,
        var other => throw Invalid($"'{key}' is yes or no, not '{other}'."),
    };

    private static int? Number(TargetSettings settings, string key, int min, int max) => settings.Option(key) switch
    {
        null => null,
        var given when int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max => number,
        var other => throw Invalid($"'{key}' is a number from {min} to {max}, not '{other}'."),
    };

    private static RequestException Invalid(string message) => new(FaultCodes.TargetOptionInvalid, message);
}
