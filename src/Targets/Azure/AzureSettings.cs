using System.Collections.Immutable;
using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Azure;

/// <summary>A target's settings, checked and ready to use.</summary>
internal sealed record AzureSettings
{
    public const string Platform = "Azure Blob Storage";

    private const int MaxParallel = 16;

    private static readonly ImmutableSortedSet<string> Options = ImmutableSortedSet.Create(
        StringComparer.Ordinal,
        "region", "endpoint", "cloud", "checksum", "storageclass", "versioning", "serverchecksum", "writeonce", "tenant", "clientid", "subscription", "resourcegroup",
        "ca", "proxy", "allowplainhttp", "parallel", "stalltimeout");

    /// <summary>With how long each is paid for at the least.</summary>
    private static readonly ImmutableSortedDictionary<string, int> Tiers = ImmutableSortedDictionary.CreateRange(
        StringComparer.OrdinalIgnoreCase,
        [KeyValuePair.Create("Hot", 0), KeyValuePair.Create("Cool", 30), KeyValuePair.Create("Cold", 90), KeyValuePair.Create(AzureTiers.Archive, 180)]);

    public required string Account { get; init; }

    public required string Container { get; init; }

    /// <summary>Below the container; empty or ends with a slash.</summary>
    public required string Prefix { get; init; }

    public required AzureCloud Cloud { get; init; }

    /// <summary>Of the account, without a slash at its end.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The endpoint is the account's own on the platform, so that nobody but the platform answers for the name.</summary>
    public required bool IsPlatformEndpoint { get; init; }

    public required string DisplayName { get; init; }

    /// <summary>What proves a body on the server: MD5 instead of CRC-64.</summary>
    public bool SendsMd5 { get; init; }

    /// <summary>For packs alone.</summary>
    public string? StorageClass { get; init; }

    public TimeSpan? MinStorageTime => StorageClass is { } name && Tiers[name] is > 0 and var days ? TimeSpan.FromDays(days) : null;

    /// <summary>Null where it is not known.</summary>
    public bool? IsVersioned { get; init; }

    public bool HasServerChecksum { get; init; } = true;

    public bool EnforcesWriteOnce { get; init; }

    public string? Tenant { get; init; }

    public string? ClientId { get; init; }

    /// <summary>With the next one: where the account stands, to whoever may change it.</summary>
    public string? Subscription { get; init; }

    public string? ResourceGroup { get; init; }

    public string? Region { get; init; }

    public string? Proxy { get; init; }

    public string? AuthorityFile { get; init; }

    public int ParallelPuts { get; init; } = 2;

    public TimeSpan StallTimeout { get; init; } = HttpStoreOptions.DefaultStallTimeout;

    /// <summary>What goes in one request. Longer ones go in blocks.</summary>
    public long SinglePutBytes { get; init; } = 256L << 20;

    public long BlockBytes { get; init; } = 32L << 20;

    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>PlainHttpRefused</c>.</exception>
    public static AzureSettings From(TargetSettings settings, TimeSpan stallTimeout)
    {
        if (settings.Options.Keys.Concat(settings.Address.Options.Keys).FirstOrDefault(key => !Options.Contains(key)) is { } unknown)
        {
            throw Invalid($"'{unknown}' is no setting of {Platform}; it has {string.Join(", ", Options)}.");
        }

        var address = settings.Address;
        var container = address.Prefix[..address.Prefix.IndexOf('/', StringComparison.Ordinal)];
        var prefix = address.Prefix[(container.Length + 1)..];
        var cloud = AzureCloud.Find(settings.Option("cloud") ?? AzureCloud.Default) ?? throw Invalid($"'cloud' is one of {AzureCloud.Names}.");
        var given = settings.Option("endpoint");
        PlainHttp.Refuse(given ?? cloud.EndpointOf(address.Host), Flag(settings, "allowplainhttp") ?? false);
        var endpoint = new Uri((given ?? cloud.EndpointOf(address.Host)).TrimEnd('/'));
        return new AzureSettings
        {
            Account = address.Host,
            Container = container,
            Prefix = prefix,
            Cloud = cloud,
            Endpoint = endpoint,
            IsPlatformEndpoint = given is null,
            DisplayName = $"azblob://{address.Host}/{address.Prefix}".TrimEnd('/') + (given is null ? "" : $"@{endpoint.Authority}"),
            SendsMd5 = Choice(settings, "checksum", "auto", "crc64", "md5") is "md5",
            StorageClass = StorageClassOf(settings),
            IsVersioned = Flag(settings, "versioning"),
            HasServerChecksum = Flag(settings, "serverchecksum") ?? true,
            EnforcesWriteOnce = Flag(settings, "writeonce") ?? false,
            Tenant = settings.Option("tenant"),
            ClientId = settings.Option("clientid"),
            Subscription = settings.Option("subscription"),
            ResourceGroup = settings.Option("resourcegroup"),
            Region = settings.Option("region"),
            Proxy = settings.Option("proxy"),
            AuthorityFile = settings.Option("ca"),
            ParallelPuts = Number(settings, "parallel", 1, MaxParallel) ?? 2,
            StallTimeout = Number(settings, "stalltimeout", 1, 3600) is { } seconds ? TimeSpan.FromSeconds(seconds) : stallTimeout,
        };
    }

    private static string? StorageClassOf(TargetSettings settings)
    {
        var name = settings.Option("storageclass");
        return name is null
            ? null
            : Tiers.Keys.FirstOrDefault(tier => string.Equals(tier, name, StringComparison.OrdinalIgnoreCase))
                ?? throw Invalid($"'{name}' is no storage class of {Platform}; it has {string.Join(", ", Tiers.Keys)}.");
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
