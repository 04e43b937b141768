using System.Net.Sockets;
using System.Security.Authentication;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Http;

/// <summary>What the way to a store may say: everything that happens before an answer is there, and in the middle of one.</summary>
internal static class HttpFaults
{
    /// <param name="what">What was tried, on what and where.</param>
    /// <returns>Null where the error is none of the way's.</returns>
    public static TargetException? From(Exception exception, string what)
    {
        foreach (var error in Chain(exception))
        {
            switch (error)
            {
                case AuthenticationException:
                    return new TargetException(TargetFault.Untrusted, $"{what}: {error.Message}.", exception);
                case HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError }:
                    return new TargetException(TargetFault.ProxyRefused, $"{what}: {error.Message}");
            }
        }

        return Chain(exception).FirstOrDefault(static error => error is HttpRequestException or IOException or SocketException) is { } broken
            ? new TargetException(TargetFault.Unavailable, $"{what}: {broken.Message}", exception)
            : null;
    }

    public static TargetException Stalled(string what, TimeSpan limit, Exception exception) =>
        new(TargetFault.Unavailable, $"{what}: nothing moved for {limit.TotalSeconds:0.#} s.", exception);

    private static IEnumerable<Exception> Chain(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }
}
