using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>What the host remembers is for speed: whatever becomes of its disk, the backup is made, and whole.</summary>
public sealed class HostDiskTests
{
    [Fact]
    public async Task A_cache_folder_that_cannot_be_costs_a_warning()
    {
        using var scene = await CrashScene.CreateAsync();
        await File.WriteAllTextAsync(scene["file"], "no folder", CrashScene.Token);
        var trial = scene.NewTrial() with { Host = Path.Combine(scene["file"], "cache") };
        await RequireBackupAsync(scene, trial, isWarned: true);
        await RequireBackupAsync(scene, trial, isWarned: true);
    }

    [Fact]
    public async Task A_full_disk_costs_a_warning()
    {
        using var scene = await CrashScene.CreateAsync();
        using var mount = TestMount.Tmpfs("64k");
        var trial = scene.NewTrial() with { Host = Path.Combine(mount.FullPath, "cache") };
        Fill(Path.Combine(mount.FullPath, "ballast"));
        await RequireBackupAsync(scene, trial, isWarned: true);
        await RequireBackupAsync(scene, trial, isWarned: true);

        // Nothing is left behind, open or on the disk, once there is room again.
        File.Delete(Path.Combine(mount.FullPath, "ballast"));
        Assert.Empty(Directory.EnumerateFiles(mount.FullPath, "*", SearchOption.AllDirectories));
        await RequireBackupAsync(scene, trial, isWarned: false);
        Assert.Equal(0, (await RequireBackupAsync(scene, trial, isWarned: false)).BytesRead);
    }

    [Fact]
    public async Task A_disk_that_turned_read_only_costs_a_warning_and_is_still_used()
    {
        using var scene = await CrashScene.CreateAsync();
        using var mount = TestMount.Tmpfs("1m");
        var trial = scene.NewTrial() with { Host = Path.Combine(mount.FullPath, "cache") };
        await RequireBackupAsync(scene, trial, isWarned: false);
        mount.MakeReadOnly();
        var backup = await RequireBackupAsync(scene, trial, isWarned: true);
        Assert.Equal(0, backup.BytesRead);
    }

    [Fact]
    public async Task A_damaged_listing_is_read_around_wherever_the_damage_lies()
    {
        using var scene = await CrashScene.CreateAsync();
        var trial = scene.NewTrial();
        await RequireBackupAsync(scene, trial, isWarned: false);
        foreach (var listing in Directory.EnumerateFiles(trial.Host, "*", SearchOption.AllDirectories).Where(static path => !path.EndsWith("pins", StringComparison.Ordinal)).ToList())
        {
            var whole = await File.ReadAllBytesAsync(listing, CrashScene.Token);
            for (var at = 0; at < whole.Length; at += CrashScene.IsLong ? 1 : 97)
            {
                byte[] flipped = [.. whole];
                flipped[at] ^= 0x10;
                await RequireReadAroundAsync(scene, trial, listing, flipped);
                await RequireReadAroundAsync(scene, trial, listing, whole[..at]);
            }
        }
    }

    private static async Task RequireReadAroundAsync(CrashScene scene, Trial trial, string listing, byte[] damaged)
    {
        var copy = scene.CopyOf(trial);
        await File.WriteAllBytesAsync(Path.Combine(copy.Host, Path.GetRelativePath(trial.Host, listing)), damaged, CrashScene.Token);
        using var vault = await scene.UnlockAsync(copy.Target, copy.Host);
        var backup = await CrashScene.BackUpAsync(vault, scene.After);
        Assert.Equal((SnapshotOutcome.Succeeded, 0L), (backup.Outcome, backup.BytesStored));
        Assert.True(backup.BytesRead > 0, "Damage went unnoticed.");
        await CrashScene.RequireSoundAsync(vault, backup.Snapshot);
    }

    private static async Task<BackupResult> RequireBackupAsync(CrashScene scene, Trial trial, bool isWarned)
    {
        var sink = new RecordingSink();
        using var credential = CredentialFile.Read(scene.KeyPath, NullSink.Instance);
        using var vault = await (await LockedVault.OpenAsync(trial.Target, CrashScene.Token)).UnlockAsync(credential, scene.ContextOf(trial.Host, sink), CrashScene.Token);
        var backup = await CrashScene.BackUpAsync(vault, scene.After, sink: sink);
        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
        Assert.Equal(isWarned, sink.Events.Any(static item => item.Code == FaultCodes.HostStateUnusable && item.Severity == EventSeverity.Warning));
        await scene.RequireRestorableAsync(vault, backup.Snapshot, scene.After);
        return backup;
    }

    private static void Fill(string path)
    {
        using var ballast = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var page = new byte[4096];
        var isFull = false;
        while (!isFull)
        {
            try
            {
                ballast.Write(page);
                ballast.Flush();
            }
            catch (IOException)
            {
                isFull = true;
            }
        }
    }
}
