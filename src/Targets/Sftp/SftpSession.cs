using Renci.SshNet;
using Renci.SshNet.Common;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Targets.Sftp;

/// <summary>One connection, in the hands of one call at a time.</summary>
internal sealed class SftpSession : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);

    private readonly SftpSettings _settings;
    private readonly ConnectionInfo _info;
    private CancellationToken _cancellation;
    private TargetException? _refusal;

    public SftpSession(SftpSettings settings, SftpLogin login)
    {
        _settings = settings;
        _info = login.Describe(settings.StallTimeout < ConnectTimeout ? settings.StallTimeout : ConnectTimeout);
        Client = new SftpClient(_info) { OperationTimeout = settings.StallTimeout };
        Client.HostKeyReceived += (_, shown) =>
        {
            // A login that was given up goes no further than this, where the server has not yet shown its key.
            if (_cancellation.IsCancellationRequested)
            {
                shown.CanTrust = false;
                return;
            }

            shown.CanTrust = settings.HostKeys.Accept(shown.FingerPrintSHA256);
            _refusal = shown.CanTrust ? null : settings.HostKeys.Refusal(settings.DisplayName, shown.FingerPrintSHA256, shown.HostKeyName);
        };
    }

    public SftpClient Client { get; }

    /// <summary>The target's folder by its real path, without a slash at its end.</summary>
    public string Root { get; private set; } = "";

    /// <summary>Ends when the login does, which may be after it was given up: the library's waits in it cannot be cancelled, and take up to 15 s each.</summary>
    public Task Login { get; private set; } = Task.CompletedTask;

    /// <summary>Proves the server, then the user; asks nothing about the folder. Returns as soon as it is cancelled.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken)
    {
        _cancellation = cancellationToken;
        Login = Task.Run(() => Client.ConnectAsync(cancellationToken), CancellationToken.None);
        try
        {
            await Login.WaitAsync(cancellationToken);
            _cancellation = CancellationToken.None;
            Root = _settings.Folder.StartsWith('/') ? _settings.Folder : $"{Client.WorkingDirectory.TrimEnd('/')}/{_settings.Folder}".TrimEnd('/');
        }
        catch (Exception) when (_refusal is not null)
        {
            throw _refusal;
        }
        catch (Exception exception) when (exception is not (BackupException or NotSupportedException or SshException) && !SftpFaults.IsBroken(exception))
        {
            // Bytes that were changed on the way, or are those of no SSH server, reach the library's parsers before anything proves them.
            throw new TargetException(TargetFault.Garbled, $"{_settings.DisplayName} cannot be reached: what came while the connection was made is not SSH.", exception);
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

    /// <summary>
    /// Ends the connection, after a login that was given up. May never return, and so has a thread of its own: the library waits without a limit for one of its own threads.
    /// Never fails: however it ends, the connection is not used again.
    /// </summary>
    public async Task CloseAsync()
    {
        await Login.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Factory.StartNew(Dispose, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public void Dispose()
    {
        Client.Dispose();
        foreach (var method in _info.AuthenticationMethods)
        {
            (method as IDisposable)?.Dispose();
        }
    }
}
