using System.Collections.Immutable;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.Sftp;

/// <summary>A folder of a server, and how it is reached.</summary>
internal sealed record SftpSettings
{
    public const string Platform = "SFTP";

    /// <summary>The usual way to say "below the folder that the login leads to" in an address, whose paths are absolute.</summary>
    private const string LoginFolder = "~/";

    private const int DefaultPort = 22;

    private static readonly ImmutableSortedSet<string> Options = ImmutableSortedSet.Create(
        StringComparer.Ordinal, "hostkey", "identityfile", "proxy", "conditionalput", "parallel", "stalltimeout", "writeonce");

    public required string DisplayName { get; init; }

    public required string Host { get; init; }

    public int Port { get; init; } = DefaultPort;

    /// <summary>Null where the credential names the user.</summary>
    public string? User { get; init; }

    /// <summary>Absolute, or relative to the folder that the login leads to; empty for that folder itself.</summary>
    public required string Folder { get; init; }

    public required HostKeyPins HostKeys { get; init; }

    public string? IdentityFile { get; init; }

    public Uri? Proxy { get; init; }

    /// <summary>Whether the server's rename is refused where the name is taken. OpenSSH's is; others follow the system's, which replaces.</summary>
    public bool RefusesTakenNames { get; init; }

    public bool EnforcesWriteOnce { get; init; }

    public int ParallelPuts { get; init; } = 2;

    public required TimeSpan StallTimeout { get; init; }

    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>.</exception>
    public static SftpSettings From(TargetSettings settings, TimeSpan stallTimeout)
    {
        var options = new OptionReader(settings, Platform, Options);
        var address = settings.Address;
        var server = new Uri($"{address.Scheme}://{address.Host}/");
        var path = address.Prefix.TrimEnd('/');
        return new SftpSettings
        {
            DisplayName = $"{address.Scheme}://{(address.User is null ? "" : $"{address.User}@")}{address.Host}/{path}".TrimEnd('/'),
            Host = server.DnsSafeHost,
            Port = server.IsDefaultPort || server.Port < 0 ? DefaultPort : server.Port,
            User = address.User,
            Folder = address.Prefix.StartsWith(LoginFolder, StringComparison.Ordinal) ? address.Prefix[LoginFolder.Length..].TrimEnd('/') : $"/{path}",
            HostKeys = HostKeyPins.Parse(options.Text("hostkey")),
            IdentityFile = options.Text("identityfile"),
            Proxy = ProxyOf(options.Text("proxy")),
            RefusesTakenNames = options.Flag("conditionalput") ?? false,
            EnforcesWriteOnce = options.EnforcesWriteOnce,
            ParallelPuts = options.ParallelPuts,
            StallTimeout = options.StallTimeout(stallTimeout),
        };
    }

    /// <summary>The system's proxy is one for HTTP and is not asked.</summary>
    private static Uri? ProxyOf(string? given) => given switch
    {
        null or "none" => null,
        _ when Uri.TryCreate(given.Contains("://", StringComparison.Ordinal) ? given : $"http://{given}", UriKind.Absolute, out var address)
            && address is { Scheme: "http" or "socks5", UserInfo.Length: 0 } && address.Port > 0 => address,
        _ => throw OptionReader.Invalid($"'{given}' is not the address of a proxy such as http://host:port or socks5://host:port."),
    };
}
