using System.Net;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Targets.Naming;

/// <summary>Without TLS data and credentials travel in the open: only to this machine, or where the user says so.</summary>
public static class PlainHttp
{
    private const string Yes = "yes";

    internal static void Refuse(TargetUri address)
    {
        var isAllowed = address.Options.TryGetValue(TargetOptions.AllowPlainHttp, out var said) && IsYes(said);
        if (string.Equals(address.Scheme, "dav", StringComparison.Ordinal))
        {
            Refuse($"http://{address.Host}", isAllowed);
        }

        if (address.Options.TryGetValue(TargetOptions.Endpoint, out var endpoint))
        {
            Refuse(endpoint, isAllowed);
        }
    }

    /// <exception cref="RequestException"><c>PlainHttpRefused</c>, or <c>TargetAddressInvalid</c> where it is no address.</exception>
    public static void Refuse(string endpoint, bool isAllowed)
    {
        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Query.Length > 0)
        {
            throw new RequestException(FaultCodes.TargetAddressInvalid, $"The endpoint '{TargetUri.Shown(endpoint)}' is no address such as https://host:port.");
        }

        if (uri.Scheme is "http" && !isAllowed && !IsHere(uri))
        {
            throw new RequestException(FaultCodes.PlainHttpRefused, $"'{uri.GetLeftPart(UriPartial.Authority)}' is reached without TLS.");
        }
    }

    internal static bool IsYes(string value) => value.ToLowerInvariant() is Yes or "on" or "true" or "1";

    private static bool IsHere(Uri uri) => uri.IsLoopback || (IPAddress.TryParse(uri.Host, out var address) && IPAddress.IsLoopback(address));
}
