using Renci.SshNet;
using Renci.SshNet.Common;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Sftp;

/// <summary>One connection, in the hands of one call at a time.</summary>
internal sealed class SftpSession : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    private readonly ConnectionInfo _info;

    private SftpSession(ConnectionInfo info, SftpClient client)
    {
        _info = info;
        Client = client;
    }

    public SftpClient Client { get; }

    /// <summary>The target's folder by its real path, without a slash at its end.</summary>
    public string Root { get; private set; } = "";

    /// <summary>Proves the server, then the user; asks nothing about the folder.</summary>
    public static async Task<SftpSession> ConnectAsync(SftpSettings settings, SftpLogin login, CancellationToken cancellationToken)
    {
        var info = login.Describe(settings.StallTimeout < ConnectTimeout ? settings.StallTimeout : ConnectTimeout);
        var session = new SftpSession(info, new SftpClient(info) { OperationTimeout = settings.StallTimeout });
        TargetException? refusal = null;
        session.Client.HostKeyReceived += (_, shown) =>
        {
            shown.CanTrust = settings.HostKeys.Accept(shown.FingerPrintSHA256);
            refusal = shown.CanTrust ? null : settings.HostKeys.Refusal(settings.DisplayName, shown.FingerPrintSHA256, shown.HostKeyName);
        };
        try
        {
            await session.Client.ConnectAsync(cancellationToken);
            session.Root = settings.Folder.StartsWith('/') ? settings.Folder : $"{session.Client.WorkingDirectory.TrimEnd('/')}/{settings.Folder}".TrimEnd('/');
            return session;
        }
        catch (Exception) when (refusal is not null)
        {
            session.Dispose();
            throw refusal;
        }
        catch (Exception exception) when (exception is not (BackupException or NotSupportedException or SshException) && !SftpFaults.IsBroken(exception))
        {
            // Bytes that were changed on the way, or are those of no SSH server, reach the library's parsers before anything proves them.
            session.Dispose();
            throw new TargetException(TargetFault.Garbled, $"{settings.DisplayName} cannot be reached: what came while the connection was made is not SSH.", exception);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <exception cref="TargetException"><c>PlaceMissing</c>.</exception>
    public async Task RequireRootAsync(string place, CancellationToken cancellationToken)
    {
        try
        {
            var found = await Client.GetAsync(Root.Length == 0 ? "/" : Root, cancellationToken);
            if (found.IsDirectory)
            {
                // What the user named may be a link of the server's owner; from here on none is followed.
                Root = found.FullName.TrimEnd('/');
                return;
            }
        }
        catch (SftpPathNotFoundException)
        {
        }

        throw new TargetException(TargetFault.PlaceMissing, $"There is no folder {place}.");
    }

    public string PathOf(string relative) => relative.Length == 0 ? Root.Length == 0 ? "/" : Root : $"{Root}/{relative}";

    public void Dispose()
    {
        Client.Dispose();
        foreach (var method in _info.AuthenticationMethods)
        {
            (method as IDisposable)?.Dispose();
        }
    }
}
