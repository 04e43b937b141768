using System.Net.Sockets;
using Renci.SshNet.Common;
using Renci.SshNet.Messages.Transport;
using Renci.SshNet.Sftp;
using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Http;

namespace SecureBackup.Targets.Sftp;

/// <summary>What a server and the way to it may say, in the terms on which callers decide. Of the server's own words only its code is passed on.</summary>
internal static class SftpFaults
{
    /// <summary>Of later versions of the protocol, which some servers send in this one too; the library has no names for them.</summary>
    private const StatusCode NoSpace = (StatusCode)14;

    /// <inheritdoc cref="NoSpace"/>
    private const StatusCode QuotaExceeded = (StatusCode)15;

    /// <summary>Null where the error is neither the server's nor the way's: a bug, or the caller's own.</summary>
    public static TargetException? From(Exception exception, string what, SftpSettings settings, string credential) => exception switch
    {
        TargetException known => known,
        SshAuthenticationException => new TargetException(TargetFault.KeyRejected, $"{what}: the server does not accept the credential {credential}.", exception),
        SftpException refusal => new TargetException(FaultOf(refusal.StatusCode), $"{what} ({refusal.StatusCode}).", exception) { Remedy = RemedyOf(refusal.StatusCode)! },
        ProxyException => new TargetException(TargetFault.ProxyRefused, $"{what}: the proxy {settings.Proxy?.Authority} refused the connection.", exception),
        NotSupportedException => new TargetException(TargetFault.Unsupported, $"{what}: the server lacks what is needed for it.", exception),
        // The words are the server's, or of whoever answered for it, and came before it proved who it is.
        SshConnectionException { DisconnectReason: not DisconnectReason.None } closed => new TargetException(TargetFault.Unavailable, $"{what}: the server closed the connection ({closed.DisconnectReason})."),
        SshException words => new TargetException(TargetFault.Unavailable, $"{what}: {StrangersText.Of(words.Message)}"),
        _ when IsBroken(exception) => new TargetException(TargetFault.Unavailable, $"{what}: {exception.Message}", exception),
        _ => null,
    };

    /// <summary>Whether the connection cannot be used any more.</summary>
    public static bool IsBroken(Exception exception) =>
        exception is SshException and not SftpException or SocketException or IOException or ObjectDisposedException or OperationCanceledException;

    private static TargetFault FaultOf(StatusCode code) => code switch
    {
        StatusCode.NoSuchFile => TargetFault.NotFound,
        StatusCode.PermissionDenied => TargetFault.AccessDenied,
        StatusCode.OperationUnsupported => TargetFault.Unsupported,
        NoSpace or QuotaExceeded => TargetFault.QuotaExceeded,
        _ => TargetFault.Unavailable,
    };

    private static string? RemedyOf(StatusCode code) => code is StatusCode.PermissionDenied ? "Give the user the right to read and write the folder and all below it." : null;
}
