using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Naming;

namespace SecureBackup.Targets.WebDav;

/// <summary>A folder of a server, and how it is reached.</summary>
internal sealed record DavSettings
{
    public const string Platform = "WebDAV";

    private static readonly ImmutableSortedSet<string> Options = ImmutableSortedSet.Create(
        StringComparer.Ordinal, "ca", "proxy", "allowplainhttp", "atomicmove", "parallel", "stalltimeout", "writeonce");

    public required string DisplayName { get; init; }

    public required Uri Server { get; init; }

    /// <summary>Below the server, without slashes at its ends.</summary>
    public required string Folder { get; init; }

    public string? Proxy { get; init; }

    public string? AuthorityFile { get; init; }

    /// <summary>
    /// By its owner's word: a probe of one after the other cannot tell. mod_dav looks and then renames; of eight that move to one name at once, two or more
    /// succeeded in a quarter of the tries (Apache 2.4.71). rclone and others that are built on Go's server lock the name meanwhile.
    /// </summary>
    public bool MovesAtomically { get; init; }

    public bool EnforcesWriteOnce { get; init; }

    public int ParallelPuts { get; init; } = 2;

    public required TimeSpan StallTimeout { get; init; }

    /// <summary>Null for a server that asks for none.</summary>
    public NetworkCredential? Credential { get; init; }

    /// <summary>Whose it is, for errors.</summary>
    public string CredentialLabel { get; init; } = "";

    /// <summary>Sent at once: a server that asked first would have to be sent everything twice.</summary>
    public AuthenticationHeaderValue? Authorization => Credential is null
        ? null
        : new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Credential.UserName}:{Credential.Password}")));

    /// <exception cref="RequestException"><c>TargetOptionInvalid</c>, <c>PlainHttpRefused</c>, <c>CredentialNotUsable</c>.</exception>
    public static DavSettings From(TargetSettings settings, TargetCredential credential, TimeSpan stallTimeout)
    {
        var options = new OptionReader(settings, Platform, Options);
        var address = settings.Address;
        var server = $"{(address.Scheme is "dav" ? "http" : "https")}://{address.Host}";
        PlainHttp.Refuse(server, options.AllowsPlainHttp);
        var folder = address.Prefix.TrimEnd('/');
        return new DavSettings
        {
            DisplayName = $"{address.Scheme}://{address.Host}/{folder}".TrimEnd('/'),
            Server = new Uri(server),
            Folder = folder,
            Proxy = options.Text("proxy"),
            AuthorityFile = options.Text("ca"),
            MovesAtomically = options.Flag("atomicmove") ?? false,
            EnforcesWriteOnce = options.EnforcesWriteOnce,
            ParallelPuts = options.ParallelPuts,
            StallTimeout = options.StallTimeout(stallTimeout),
            Credential = CredentialOf(address, credential),
            CredentialLabel = credential.Label,
        };
    }

    private static NetworkCredential? CredentialOf(TargetUri address, TargetCredential credential) => credential switch
    {
        { Secret.Length: > 0, User.Length: > 0 } => new NetworkCredential(credential.User, new string(credential.Secret.Span)),
        { Secret.Length: 0, FilePath: null } => null,
        _ => throw new RequestException(FaultCodes.CredentialNotUsable, $"{address.Scheme}://{address.Host} takes a user and a password; the credential {credential.Label} is none."),
    };
}
