using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Faults;
using SecureBackup.PowerShell.Output;
using SecureBackup.PowerShell.Rendering;

namespace SecureBackup.PowerShell.Drives;

/// <content>
/// Copy-Item out of the drive. PowerShell copies within one provider only, so the destination is written as this provider's, <c>BackupVault::./out</c>, and means the file
/// system. It is a restore like any other, by the same checks.
/// </content>
public sealed partial class BackupVaultProvider
{
    protected override void CopyItem(string path, string copyPath, bool recurse)
    {
        var target = string.Empty;
        Guard(copyPath, () => target = DestinationOf(path, copyPath));
        if (!ShouldProcess($"{path} to {target}", "Copy out of the vault"))
        {
            return;
        }

        var isForced = Force.IsPresent;
        RunOnDrive(path, async (drive, place, gate, token) =>
        {
            FileSystemPaths.RequireOutside(target, drive.VaultPath);
            var snapshot = await drive.FindSnapshotAsync(place, gate, token)
                ?? throw new RequestException(FaultCodes.NoWayOutOfDrive, $"'{path}' is not a snapshot and in none.");
            var from = EntryPath.Root;
            if (place.Entry.Depth > 0)
            {
                from = (await drive.FindEntryAsync(place, gate, token))?.Path ?? throw new RequestException(FaultCodes.PathInNoSnapshot, $"'{path}' leads to nothing in the vault.");
            }

            await CopyAsync(drive, snapshot, new CopyPlan(from, target, recurse, isForced), gate, token);
        });
    }

    private static async Task CopyAsync(DriveView drive, Snapshot snapshot, CopyPlan plan, PipelineGate gate, CancellationToken cancellationToken)
    {
        var options = DestinationOptions.Default with
        {
            Overwrite = plan.Overwrites ? OverwriteMode.Always : OverwriteMode.Never,
            ClosedFolders = [.. VaultPlace.FoldersOf(drive.VaultPath), HostState.Default.Folder],
        };
        await using var destination = new RebasedDestination(FileSystemDestination.Open(plan.Folder, options), plan.From, plan.Name, plan.TakesBelow);
        var request = new RestoreRequest(drive.Reader, snapshot) { Include = plan.From.Depth == 0 ? [] : [CustomerBackupItem.PatternOf(plan.From)] };
        var result = await RestoreCorridor.RunAsync(request, destination, new RunContext(gate.ShowProgress($"Copying out of {snapshot.DataSet}"), gate), cancellationToken);
        gate.WriteFaults([.. result.Faults.Select(BackupFault.From)]);
        if (result.Skipped > 0)
        {
            gate.WriteError(ErrorRecordFactory.From(
                new RequestException(FaultCodes.EntryExists, $"{result.Skipped} item(s) at {plan.Folder} exist and were left as they are.") { Remedy = "Copy with -Force to replace them." }, plan.Folder));
        }
    }

    /// <summary>The folder of the file system that a destination means. The drive itself, and what is in it, is none.</summary>
    private string DestinationOf(string path, string copyPath)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(copyPath, SessionState.Path.CurrentFileSystemLocation.ProviderPath));
        return ProviderInfo.Drives.Any(drive => IsBelow(full, drive.Root)) || IsBelow(full, RootOf(path))
            ? throw new RequestException(FaultCodes.NoWayOutOfDrive, $"'{copyPath}' lies in a backup drive itself.")
            : full;
    }

    /// <summary>Where something goes, as Copy-Item has it: into a folder that exists, else to that place under that name.</summary>
    private sealed record CopyPlan(EntryPath From, string Target, bool TakesBelow, bool Overwrites)
    {
        private bool IsInto { get; } = From.Depth == 0 || Directory.Exists(Target) || Path.GetDirectoryName(Target) is null;

        public string Folder => IsInto ? Target : Path.GetDirectoryName(Target)!;

        public byte[]? Name => IsInto ? null : System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(Target));
    }
}
