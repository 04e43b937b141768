using System.Management.Automation;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Commands;

/// <summary>
/// A cmdlet whose work runs in the engine on the thread pool, while the pipeline thread writes what the work hands out.
/// No work outlives its cmdlet: stopping, or a later command that wants no more, cancels, and the cmdlet waits for the engine's end.
/// </summary>
public abstract class EngineCommand : PSCmdlet, IDisposable
{
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Whether nothing of what it does may stay, on this host neither.</summary>
    private protected virtual bool LeavesNothing => false;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>On a thread of the host, at any time.</summary>
    protected override void StopProcessing()
    {
        try
        {
            _stop.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The cmdlet had ended already: nothing is left to stop.
        }
    }

    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stop.Dispose();
        }
    }

    /// <summary>Runs <paramref name="work"/> and returns when it has ended and all it wrote is written.</summary>
    /// <param name="subject">What the work is about, for error records.</param>
    private protected void RunEngine(object? subject, Func<PipelineGate, CancellationToken, Task> work)
    {
        var failure = EngineRun.Pump(new CmdletStreams(this), _stop, work);
        GuardEngine(subject, () => failure?.Throw());
    }

    /// <summary>Turns what the engine throws into error records, and a cancellation that was asked for into a stopped pipeline.</summary>
    private protected void GuardEngine(object? subject, Action call)
    {
        try
        {
            call();
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
        catch (Exception exception) when (exception is not (RuntimeException or OutOfMemoryException))
        {
            ThrowTerminatingError(ErrorRecordFactory.FromAny(exception, subject));
        }
    }

    /// <summary>The file system path that a parameter means in this session; nothing needs to exist there.</summary>
    private protected string ResolvePath(string path)
    {
        var resolved = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        return System.IO.Path.TrimEndingDirectorySeparator(FileSystemPaths.Require(provider, path, resolved));
    }

    /// <summary>Where a parameter says that a vault is: a folder of this session's file system, or a store.</summary>
    private protected string ResolveVault(string given) => VaultPlace.Parse(given, SessionState);

    /// <summary>Which of these parameters were given: what would be ignored is refused.</summary>
    private protected IReadOnlyList<string> GivenOf(params IEnumerable<string> parameters) => [.. parameters.Where(MyInvocation.BoundParameters.ContainsKey).Select(static name => $"-{name}")];

    /// <summary>The way to a place, with its credential, which is had on this thread alone.</summary>
    private protected TargetAccess Reach(string place)
    {
        TargetAccess? access = null;
        GuardEngine(place, () => access = TargetAccess.To(place, InvokeCommand, keepsObjects: !LeavesNothing));
        return access!;
    }

    /// <summary>The vault without a key; the caller's to close.</summary>
    private protected ReachedVault OpenLocked(string place, bool listsSnapshots = false)
    {
        using var access = Reach(place);
        var reached = new ReachedVault();
        try
        {
            RunEngine(place, (_, token) => reached.OpenAsync(access, listsSnapshots, token));
            return reached;
        }
        catch
        {
            reached.Dispose();
            throw;
        }
    }

    /// <summary>Of a vault and of a key file, if there is one; a path that is none of the file system's is a terminating error.</summary>
    private protected (string Vault, string? KeyFile) ResolvePaths(string vault, string? keyFile)
    {
        (string, string?) paths = default;
        GuardEngine(vault, () => paths = (ResolveVault(vault), keyFile is null ? null : ResolvePath(keyFile)));
        return paths;
    }

    /// <summary>A key that the vault is to get, asked for where it is not given.</summary>
    private protected NewKeyChoice ChooseAdded(string vaultPath, KeyParameters given)
    {
        NewKeyChoice? added = null;
        GuardEngine(vaultPath, () => added = new KeyChain(given, Host).ResolveAdded(vaultPath));
        return added!;
    }
}
