using System.Management.Automation;
using System.Management.Automation.Provider;
using SecureBackup.Engine.Faults;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Drives;

/// <summary>
/// Shows a connected vault as a drive: data sets, in each its snapshots, newest first, in each of those the folders and files as they were. It can be looked at and copied out
/// of, and nothing in it can be changed. PowerShell makes one provider for each command, which runs on the pipeline thread; a stop comes from another.
/// </summary>
[CmdletProvider(Name, ProviderCapabilities.Filter)]
public sealed partial class BackupVaultProvider : NavigationCmdletProvider, IContentCmdletProvider, IStreamWriter
{
    internal const string Name = "BackupVault";

    private const uint EveryDepth = uint.MaxValue;

    /// <summary>Of the runspace in which the provider was made; the engine's threads have none.</summary>
    private readonly RunspaceVaults _vaults = RunspaceVaults.Current;

    private CancellationTokenSource? _running;
    private bool _isStopped;

    void IStreamWriter.WriteObject(object value)
    {
        var item = (DriveListing)value;
        WriteItemObject(item.Value, item.Path, item.IsContainer);
    }

    void IStreamWriter.WriteError(ErrorRecord error) => WriteError(error);

    void IStreamWriter.WriteWarning(string text) => WriteWarning(text);

    void IStreamWriter.WriteVerbose(string text) => WriteVerbose(text);

    void IStreamWriter.WriteInformation(InformationRecord information) => WriteInformation(information);

    void IStreamWriter.WriteProgress(ProgressRecord progress) => WriteProgress(progress);

    protected override void StopProcessing()
    {
        Volatile.Write(ref _isStopped, true);
        try
        {
            Volatile.Read(ref _running)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // The work had ended already.
        }
    }

    protected override object NewDriveDynamicParameters() => new DriveKeyParameters();

    /// <summary>The drive shows a connected vault; one that is not connected yet is.</summary>
    protected override PSDriveInfo NewDrive(PSDriveInfo drive)
    {
        var keys = DynamicParameters as DriveKeyParameters;
        var root = string.Empty;
        Guard(drive.Root, () => root = VaultPlace.Parse(drive.Root, SessionState));
        if (RunspaceVaults.Current.Find(root) is null)
        {
            using var reached = new ReachedVault();
            TargetAccess? access = null;
            Guard(root, () => access = TargetAccess.To(root, InvokeCommand));
            using (access)
            {
                RunEngine(root, (_, token) => reached.OpenAsync(access!, listsSnapshots: false, token));
            }

            KeyChoice? key = null;
            Guard(root, () => key = new KeyChain(KeyGiven(keys), Host).Resolve(root));
            using (key)
            {
                RunEngine(root, async (gate, token) => (await reached.ConnectAsync(root, key!, gate, token)).Vault.RequireReader());
            }

            RunspaceVaults.Current.Add(reached.TakeConnected());
        }

        Guard(root, () => RequireVault(root).Vault.RequireReader());
        return new PSDriveInfo(drive.Name, drive.Provider, root, drive.Description, drive.Credential);
    }

    protected override bool IsValidPath(string path) => true;

    /// <summary>
    /// PowerShell takes any failure of this question for a no. What cannot be looked at, since its listing is damaged or the vault was disconnected, is therefore not denied:
    /// whoever goes on is told why.
    /// </summary>
    protected override bool ItemExists(string path)
    {
        try
        {
            return Find(path) is not null;
        }
        catch (ProviderInvocationException)
        {
            return true;
        }
    }

    protected override bool IsItemContainer(string path) => Find(path)?.IsContainer == true;

    protected override bool HasChildItems(string path) => IsItemContainer(path);

    protected override void GetItem(string path)
    {
        if (Find(path) is { } item)
        {
            WriteItemObject(item, path, item.IsContainer);
        }
        else
        {
            WriteError(ErrorRecordFactory.From(new RequestException(FaultCodes.PathInNoSnapshot, $"'{path}' leads to nothing in the vault."), path));
        }
    }

    protected override void GetChildItems(string path, bool recurse) => GetChildItems(path, recurse, EveryDepth);

    protected override void GetChildItems(string path, bool recurse, uint depth) =>
        List(path, recurse ? depth : 0, static (item, place) => new DriveListing(item, place, item.IsContainer));

    protected override void GetChildNames(string path, ReturnContainers returnContainers) =>
        List(path, 0, static (item, place) => new DriveListing(item.Name, place, item.IsContainer), takesAllFolders: returnContainers == ReturnContainers.ReturnAllContainers);

    /// <summary>Null also for what lies in no drive: PowerShell asks so about the destination of a copy.</summary>
    private BackupDriveItem? Find(string path)
    {
        if (TryRootOf(path) is null)
        {
            return null;
        }

        BackupDriveItem? found = null;
        RunOnDrive(path, async (drive, place, gate, token) => found = await drive.FindAsync(place, gate, token));
        return found;
    }

    private void List(string path, uint depth, Func<BackupDriveItem, string, DriveListing> show, bool takesAllFolders = false)
    {
        var pattern = string.IsNullOrEmpty(Filter) ? null : WildcardPattern.Get(Filter, WildcardOptions.IgnoreCase);
        RunOnDrive(path, async (drive, place, gate, token) =>
        {
            await foreach (var (item, below) in drive.ListAsync(place, depth, gate, token))
            {
                if (pattern is null || pattern.IsMatch(item.Name) || (takesAllFolders && item.IsContainer))
                {
                    gate.WriteObject(show(item, Join(path, below)));
                }
            }
        });
    }

    /// <summary>With the separator of this system, so that what PowerShell makes of it is the same path.</summary>
    private string Join(string path, IEnumerable<string> below) => below.Aggregate(path, (folder, name) => MakePath(folder, name));

    private void RunOnDrive(string path, Func<DriveView, DrivePath, PipelineGate, CancellationToken, Task> work) => RunEngine(path, async (gate, token) =>
    {
        var root = RootOf(path);
        var connected = RequireVault(root);
        using (connected.Attach(gate))
        {
            await work(new DriveView(connected), DrivePath.Parse(path[root.Length..]), gate, token);
        }
    });

    /// <summary>The vault that a path of this provider leads into: the drive's, or where the path names none, that of the drive whose root it begins with.</summary>
    private string RootOf(string path) =>
        TryRootOf(path) ?? throw new RequestException(FaultCodes.DriveNotConnected, $"'{path}' lies in no backup drive.");

    private string? TryRootOf(string path)
    {
        var roots = PSDriveInfo is { Root.Length: > 0 } drive ? [drive.Root] : ProviderInfo.Drives.Select(static drive => drive.Root);
        return roots.Where(root => IsBelow(path, root)).MaxBy(static root => root.Length);
    }

    private static bool IsBelow(string path, string root) =>
        path.StartsWith(root, OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal)
        && (path.Length == root.Length || path[root.Length] is '/' or '\\' || root[^1] is '/' or '\\');

    private ConnectedVault RequireVault(string root) => _vaults.Find(root)
        ?? throw new RequestException(FaultCodes.DriveNotConnected, $"The vault {root} is not connected.");

    private string ResolveFolder(string path)
    {
        var resolved = SessionState.Path.GetUnresolvedProviderPathFromPSPath(path, out var provider, out _);
        return Path.TrimEndingDirectorySeparator(FileSystemPaths.Require(provider, path, resolved));
    }

    private void RunEngine(object subject, Func<PipelineGate, CancellationToken, Task> work)
    {
        using var stop = new CancellationTokenSource();
        Volatile.Write(ref _running, stop);
        if (Volatile.Read(ref _isStopped))
        {
            throw new PipelineStoppedException();
        }

        var failure = EngineRun.Pump(this, stop, work);
        Guard(subject, () => failure?.Throw());
    }

    private void Guard(object subject, Action call)
    {
        try
        {
            call();
        }
        catch (OperationCanceledException) when (Volatile.Read(ref _isStopped))
        {
            throw new PipelineStoppedException();
        }
        catch (Exception exception) when (exception is not (RuntimeException or OutOfMemoryException))
        {
            ThrowTerminatingError(ErrorRecordFactory.FromAny(exception, subject));
        }
    }

    /// <summary>What a listing writes, and under which path.</summary>
    private sealed record DriveListing(object Value, string Path, bool IsContainer);

    private KeyParameters KeyGiven(DriveKeyParameters? keys) => new(keys?.Passphrase, keys?.KeyFile is { } file ? ResolveFolder(file) : null)
    {
        PassphraseSecret = keys?.PassphraseSecret,
        KeyFileSecret = keys?.KeyFileSecret,
        Secrets = new SecretStore(InvokeCommand, keys?.SecretVault),
    };
}
