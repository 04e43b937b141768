using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Targets.Naming;

/// <summary>Where a target is, in one canonical text without secrets.</summary>
public sealed record TargetUri
{
    private const string Separator = "://";

    /// <summary>Names of stores may have 1,024 bytes; what is left is the longest name of an object and a reserve.</summary>
    private const int MaxPrefixBytes = 824;

    /// <summary>What any file system takes: of some these are bytes, of others UTF-16 units.</summary>
    private const int MaxFolderNameLength = 255;

    private TargetUri(string scheme, string? user, string host, string prefix, ImmutableSortedDictionary<string, string> options)
    {
        Scheme = scheme;
        User = user;
        Host = host;
        Prefix = prefix;
        Options = options;
        Canonical = Compose();
    }

    public string Scheme { get; }

    /// <summary>The bucket, the account, or the host with its port.</summary>
    public string Host { get; }

    /// <summary>Empty or ends with a slash. At Azure the container is its first part.</summary>
    public string Prefix { get; }

    /// <summary>At SFTP alone.</summary>
    public string? User { get; }

    /// <summary>By lower-case name.</summary>
    public IReadOnlyDictionary<string, string> Options { get; }

    public string Canonical { get; }

    /// <summary>Whether a text is an address at all: a scheme of two letters or more, then <c>://</c>. One letter is a drive.</summary>
    public static bool IsOne(string text)
    {
        var end = text.IndexOf(Separator, StringComparison.Ordinal);
        return end >= 2 && char.IsAsciiLetter(text[0]) && text.AsSpan(0, end).IndexOfAnyExcept(Alphabet.Scheme) < 0;
    }

    /// <exception cref="RequestException"><c>TargetAddressInvalid</c>, <c>SecretInAddress</c>, <c>PlainHttpRefused</c>.</exception>
    /// <exception cref="TargetException"><c>NameTooLong</c>.</exception>
    public static TargetUri Parse(string text)
    {
        if (!IsOne(text))
        {
            throw Invalid(text, "it does not start with a scheme such as s3://");
        }

        var scheme = text[..text.IndexOf(Separator, StringComparison.Ordinal)].ToLowerInvariant();
        var platform = TargetScheme.Find(scheme) ?? throw Invalid(text, $"'{scheme}' is none of {string.Join(", ", TargetScheme.All.Select(known => known.Name))}");
        var (user, rest) = SplitUser(text, text[(scheme.Length + Separator.Length)..]);
        var (host, path, query) = Split(rest);
        if (user is not null && !platform.HasUser)
        {
            throw Invalid(text, "it names a user, and an address of this kind has none");
        }

        if (!platform.IsHost(host))
        {
            throw Invalid(text, $"'{host}' is not {platform.HostIs}");
        }

        var options = TargetOptions.Parse(query, problem => Invalid(text, problem), key => Secret(text, key));
        var prefix = platform.HasFreePath ? Uri.UnescapeDataString(path) : path;
        var address = new TargetUri(scheme, user, host, Normalize(text, prefix, platform), options);
        PlainHttp.Refuse(address);
        return address;
    }

    public bool Equals(TargetUri? other) => string.Equals(Canonical, other?.Canonical, StringComparison.Ordinal);

    public override int GetHashCode() => Canonical.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Canonical;

    internal static RequestException Invalid(string text, string problem) => new(FaultCodes.TargetAddressInvalid, $"'{Shown(text)}' is no address of a target: {problem}.");

    /// <summary>An address as it may be shown before it is known to hold no secret.</summary>
    public static string Shown(string text)
    {
        var start = IsOne(text) ? text.IndexOf(Separator, StringComparison.Ordinal) + Separator.Length : 0;
        var rest = text[start..];
        var at = UserEnd(rest);
        var shown = at < 0 ? rest : $"…{rest[at..]}";
        return text[..start] + (shown.IndexOfAny(['?', '#']) is >= 0 and var query ? $"{shown[..query]}?…" : shown);
    }

    /// <summary>The last @ that is in no option: a secret may hold what else ends a user. In a path it is written as %40.</summary>
    private static int UserEnd(string rest)
    {
        var at = rest.LastIndexOf('@');
        var query = rest.IndexOf('?', StringComparison.Ordinal);
        return at < 0 || query < 0 || at < query || !rest.AsSpan(query, at - query).Contains('=') ? at : rest.LastIndexOf('@', query);
    }

    private static RequestException Secret(string text, string what) => new(FaultCodes.SecretInAddress, $"The address {Shown(text)} holds a secret: {what}.");

    private static (string Host, string Path, string Query) Split(string rest)
    {
        var query = rest.IndexOf('?', StringComparison.Ordinal) is >= 0 and var mark ? mark : rest.Length;
        var slash = rest.IndexOf('/', 0, query) is >= 0 and var first ? first : query;
        return (rest[..slash].ToLowerInvariant(), slash < query ? rest[(slash + 1)..query] : "", query < rest.Length ? rest[(query + 1)..] : "");
    }

    private static (string? User, string Place) SplitUser(string text, string rest)
    {
        var at = UserEnd(rest);
        if (at < 0)
        {
            return (null, rest);
        }

        var user = rest[..at];
        if (user.AsSpan().IndexOfAny(":/?#") >= 0)
        {
            throw Secret(text, "a password before the last @, which a path has as %40");
        }

        return user.Length > 0 && user.AsSpan().IndexOfAnyExcept(Alphabet.User) < 0
            ? (user, rest[(at + 1)..])
            : throw Invalid(text, "what stands before the @ is no user name");
    }

    private static string Normalize(string text, string path, TargetScheme platform)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Any(static part => part is "." or ".."))
        {
            throw Invalid(text, "its path goes upwards");
        }

        if (parts.Any(part => platform.HasFreePath ? part.AsSpan().ContainsAnyInRange('\0', '\u001f') : part.AsSpan().IndexOfAnyExcept(Alphabet.Prefix) >= 0))
        {
            throw Invalid(text, "its prefix has characters besides letters, digits, '-', '_', '.' and '/'");
        }

        if (platform.NeedsContainer && !(parts.Length > 0 && TargetScheme.IsContainer(parts[0])))
        {
            throw Invalid(text, "it names no container behind the account");
        }

        if (platform.HasFreePath && parts.Select(static part => part.Length).FirstOrDefault(static length => length > MaxFolderNameLength) is > 0 and var tooLong)
        {
            throw new TargetException(
                TargetFault.NameTooLong, string.Create(CultureInfo.InvariantCulture, $"A folder of the address has a name of {tooLong} characters; file systems take {MaxFolderNameLength} at the most."));
        }

        var prefix = string.Concat(parts.Select(static part => $"{part}/"));
        var length = Encoding.UTF8.GetByteCount(prefix);
        return length <= MaxPrefixBytes
            ? prefix
            : throw new TargetException(
                TargetFault.NameTooLong, string.Create(CultureInfo.InvariantCulture, $"The prefix has {length} bytes; names may have 1,024 in all, so a prefix at most {MaxPrefixBytes}."));
    }

    private string Compose()
    {
        var path = string.Join('/', Prefix.TrimEnd('/').Split('/').Select(Uri.EscapeDataString)).Replace("%7E", "~", StringComparison.Ordinal);
        var query = string.Join('&', Options.Where(option => !TargetOptions.IsDefault(this, option)).Select(static option => $"{option.Key}={TargetOptions.Escape(option.Value)}"));
        return $"{Scheme}{Separator}{(User is null ? "" : $"{User}@")}{Host}{(path.Length == 0 ? "" : $"/{path}")}{(query.Length == 0 ? "" : $"?{query}")}";
    }
}
