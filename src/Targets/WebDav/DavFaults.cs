using System.Net;
using System.Xml;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.WebDav;

/// <summary>What a server answers, in the terms on which callers decide. Messages hold the status and nothing that the server wrote.</summary>
internal static class DavFaults
{
    /// <summary>Null where the error is neither the server's nor the way's: a bug, or the caller's own.</summary>
    public static TargetException? From(Exception exception, string what) => exception switch
    {
        TargetException known => known,
        XmlException => new TargetException(TargetFault.Unavailable, $"{what}: the answer is not one of WebDAV.", exception),
        _ => HttpFaults.From(exception, what),
    };

    public static TargetException Of(HttpStatusCode status, ResponseNotes notes, string what, DavSettings settings)
    {
        var fault = FaultOf(status);
        return new TargetException(fault, $"{what}{Meaning(fault, settings)} ({(int)status}).") { RetryAfter = notes.RetryAfter, Remedy = RemedyOf(fault)! };
    }

    private static TargetFault FaultOf(HttpStatusCode status) => (int)status switch
    {
        404 or 410 => TargetFault.NotFound,
        401 => TargetFault.KeyRejected,
        403 => TargetFault.AccessDenied,
        407 => TargetFault.ProxyRefused,
        412 => TargetFault.AlreadyExists,
        413 or 405 or 501 or (>= 300 and < 400) => TargetFault.Unsupported,
        414 => TargetFault.NameTooLong,
        416 => TargetFault.OutOfRange,
        429 or 503 => TargetFault.Throttled,
        507 => TargetFault.QuotaExceeded,
        _ => TargetFault.Unavailable,
    };

    private static string Meaning(TargetFault fault, DavSettings settings) => fault switch
    {
        TargetFault.KeyRejected when settings.Credential is null => ": the server asks for a user and a password, and none were given",
        TargetFault.KeyRejected => $": the server does not accept the credential {settings.CredentialLabel}",
        TargetFault.ProxyRefused => $": the proxy {settings.Proxy} refused the connection",
        TargetFault.QuotaExceeded => ": the server says that it is full",
        _ => "",
    };

    private static string? RemedyOf(TargetFault fault) => fault switch
    {
        TargetFault.AccessDenied => "Give the user the right to read and write the folder and all below it.",
        TargetFault.Unsupported => "Check the address: it must be that of a folder that the server offers by WebDAV.",
        _ => null,
    };
}
