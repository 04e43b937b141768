using System.Collections.Immutable;

namespace SecureBackup.Engine.Targets.Naming;

/// <summary>What stands behind the question mark of an address.</summary>
internal static class TargetOptions
{
    public const string Endpoint = "endpoint";
    public const string Region = "region";
    public const string Proxy = "proxy";
    public const string AllowPlainHttp = "allowplainhttp";

    /// <summary>The region that servers of no provider take.</summary>
    public const string AnyRegion = "us-east-1";

    /// <summary>What people and portals call secrets in addresses.</summary>
    private static readonly string[] Secrets =
    [
        "sig", "signature", "sas", "key", "secret", "token", "password", "pass", "pwd", "passphrase", "accesskey", "accesskeyid", "secretkey", "secretaccesskey",
        "sessiontoken", "apikey", "accountkey", "sharedkey", "sharedaccesssignature", "connectionstring", "credential", "credentials", "awsaccesskeyid",
    ];

    public static ImmutableSortedDictionary<string, string> Parse(string query, Func<string, Exception> invalid, Func<string, Exception> secret)
    {
        var options = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=', StringComparison.Ordinal);
            var key = (equals < 0 ? pair : pair[..equals]).ToLowerInvariant();
            var value = equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..]);
            if (FindSecret(key, value) is { } found)
            {
                throw secret(found);
            }

            if (equals <= 0 || key.AsSpan().IndexOfAnyExcept(Alphabet.Lower) >= 0)
            {
                throw invalid("behind the question mark stand options such as region=eu-central-1");
            }

            if (!options.TryAdd(key, value))
            {
                throw invalid($"'{key}' stands there twice");
            }
        }

        return options.ToImmutable();
    }

    /// <summary>What in an option is a secret, without it; null where nothing is.</summary>
    public static string? FindSecret(string key, string value) =>
        IsSecret(key) ? $"'{key}'"
        : key is not (Endpoint or Proxy) ? null
        : value.Contains('@', StringComparison.Ordinal) ? $"a user in '{key}'"
        : value.AsSpan().IndexOfAny('?', '#') >= 0 ? $"what stands behind the server in '{key}'"
        : null;

    public static bool IsDefault(TargetUri address, KeyValuePair<string, string> option) => option switch
    {
        { Key: Region, Value: AnyRegion } => address.Options.ContainsKey(Endpoint),
        { Key: "cloud", Value: "public" } or { Key: AllowPlainHttp, Value: "no" } => true,
        _ => false,
    };

    /// <summary>Only what would end the value, or the address, or be taken for something else.</summary>
    public static string Escape(string value) => string.Concat(value.Select(static character =>
        character is '%' or '&' or '#' or '?' or ' ' or < '!' or > '~' ? Uri.EscapeDataString(character.ToString()) : character.ToString()));

    private static bool IsSecret(string key) => Secrets.Contains(key.Replace("-", "", StringComparison.Ordinal).Replace("_", "", StringComparison.Ordinal), StringComparer.Ordinal);
}
