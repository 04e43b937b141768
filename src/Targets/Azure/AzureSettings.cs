using System.Collections.Immutable;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Azure;

/// <summary>A target's settings, checked and ready to use.</summary>
internal sealed record AzureSettings
{
    public const string Platform = "Azure Blob Storage";

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
        var options = new OptionReader(settings, Platform, Options);
        var address = settings.Address;
        var container = address.Prefix[..address.Prefix.IndexOf('/', StringComparison.Ordinal)];
        var prefix = address.Prefix[(container.Length + 1)..];
        var cloud = AzureCloud.Find(options.Text("cloud") ?? AzureCloud.Default) ?? throw OptionReader.Invalid($"'cloud' is one of {AzureCloud.Names}.");
        var given = options.Text("endpoint");
        PlainHttp.Refuse(given ?? cloud.EndpointOf(address.Host), options.AllowsPlainHttp);
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
            SendsMd5 = options.Choice("checksum", "auto", "crc64", "md5") is "md5",
            StorageClass = StorageClassOf(settings),
            IsVersioned = options.Flag("versioning"),
            HasServerChecksum = options.HasServerChecksum,
            EnforcesWriteOnce = options.EnforcesWriteOnce,
            Tenant = options.Text("tenant"),
            ClientId = options.Text("clientid"),
            Subscription = options.Text("subscription"),
            ResourceGroup = options.Text("resourcegroup"),
            Region = options.Text("region"),
            Proxy = options.Text("proxy"),
            AuthorityFile = options.Text("ca"),
            ParallelPuts = options.ParallelPuts,
            StallTimeout = options.StallTimeout(stallTimeout),
        };
    }

    private static string? StorageClassOf(TargetSettings settings)
    {
        var name = settings.Option("storageclass");
        return name is null
            ? null
            : Tiers.Keys.FirstOrDefault(tier => string.Equals(tier, name, StringComparison.OrdinalIgnoreCase))
                ?? throw OptionReader.Invalid($"'{name}' is no storage class of {Platform}; it has {string.Join(", ", Tiers.Keys)}.");
    }
}
