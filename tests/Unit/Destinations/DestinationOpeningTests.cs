using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using static SecureBackup.Tests.Unit.Destinations.DestinationScene;

namespace SecureBackup.Tests.Unit.Destinations;

public sealed class DestinationOpeningTests
{
    [Fact]
    public async Task A_folder_that_does_not_exist_is_made()
    {
        NeedLinux();
        using var scene = new DestinationScene();

        await using var destination = FileSystemDestination.Open(Path.Combine(scene.Folder, "deep", "down"), DestinationOptions.Default);

        Assert.True(Directory.Exists(destination.DisplayName));
    }

    [Fact]
    public void A_file_is_no_destination()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        System.IO.File.WriteAllText(scene.Folder, "x");

        Assert.Equal(FaultCodes.DestinationNotAFolder, Assert.Throws<DestinationException>(() => scene.Open()).Code);
        Assert.Equal(FaultCodes.DestinationNotAFolder, Assert.Throws<DestinationException>(() => FileSystemDestination.Open(scene.At("below"), DestinationOptions.Default)).Code);
    }

    [Fact]
    public async Task A_folder_that_holds_something_wants_an_overwrite_mode()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        Directory.CreateDirectory(scene.At("x"));

        Assert.Equal(FaultCodes.DestinationNotEmpty, Assert.Throws<DestinationException>(() => scene.Open(DestinationOptions.Default)).Code);
        await using var destination = scene.Open(With(OverwriteMode.Never));
        Assert.NotNull(destination);
    }

    [Fact]
    public void A_read_only_mount_is_said_before_anything_is_written()
    {
        NeedLinux();
        NeedRoot("mounts a file system");
        using var scene = new DestinationScene();
        using var mount = TinyMount.On(scene.Folder);
        mount.MakeReadOnly();

        Assert.Equal(FaultCodes.DestinationReadOnly, Assert.Throws<DestinationException>(() => scene.Open()).Code);
        Assert.Equal(FaultCodes.DestinationReadOnly, Assert.Throws<DestinationException>(() => FileSystemDestination.Open(scene.At("new"), DestinationOptions.Default)).Code);
    }

    [Fact]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void A_folder_without_the_right_to_write_is_said_before_anything_is_written()
    {
        NeedLinux();
        Assert.SkipWhen(IsRoot, "Root may write everywhere; the read-only mount stands for it.");
        using var scene = new DestinationScene();
        Directory.CreateDirectory(scene.Folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        Assert.Equal(FaultCodes.DestinationReadOnly, Assert.Throws<DestinationException>(() => scene.Open()).Code);
    }

    [Fact]
    public async Task A_full_disk_ends_the_restore_and_leaves_what_is_complete()
    {
        NeedLinux();
        NeedRoot("mounts a file system");
        using var scene = new DestinationScene();
        using var mount = TinyMount.On(scene.Folder);
        await using (var destination = scene.Open())
        {
            Assert.True(Restore(destination, "small", "complete").IsRestored);
            var large = new byte[2 << 20];
            Array.Fill(large, (byte)1);
            var failure = Assert.Throws<DestinationException>(() => Restore(destination, File("large", large.Length), large));

            Assert.Equal(FaultCodes.DestinationFull, failure.Code);
        }

        Assert.Equal("complete", scene.Read("small"));
        Assert.Equal([scene.At("small")], Directory.GetFileSystemEntries(scene.Folder));
    }

    [Fact]
    public async Task A_mount_that_turns_read_only_ends_the_restore()
    {
        NeedLinux();
        NeedRoot("mounts a file system");
        using var scene = new DestinationScene();
        using var mount = TinyMount.On(scene.Folder);
        await using var destination = scene.Open();
        mount.MakeReadOnly();

        Assert.Equal(FaultCodes.DestinationReadOnly, Assert.Throws<DestinationException>(() => destination.Prepare(Dir("x"))).Code);
    }

    [Fact]
    public void A_disk_error_ends_the_restore()
    {
        var failure = new FolderException(FolderError.DeviceFailed, "pwrite: Input/output error");

        Assert.Equal(FaultCodes.DestinationFailed, Assert.Throws<DestinationException>(() => DestinationErrors.ToFault(failure, File("x"), "/d")).Code);
    }

    [Fact]
    public async Task Flushing_reaches_the_disk_and_can_be_cancelled_before_it_starts()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open();
        Restore(destination, "file", "text");

        await destination.FlushAsync(TestContext.Current.CancellationToken);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => destination.FlushAsync(new CancellationToken(canceled: true)));
    }

    /// <summary>A file system of one MiB, gone with the test.</summary>
    private sealed class TinyMount : IDisposable
    {
        private readonly string _path;

        private TinyMount(string path) => _path = path;

        public static TinyMount On(string path)
        {
            Directory.CreateDirectory(path);
            using var mount = System.Diagnostics.Process.Start("mount", ["-t", "tmpfs", "-o", "size=1m", "sb-tiny", path]);
            mount.WaitForExit();
            Assert.SkipUnless(mount.ExitCode == 0, "This system lets nobody mount.");
            return new TinyMount(path);
        }

        public void MakeReadOnly() => Run("mount", "-o", "remount,ro", _path);

        public void Dispose() => Run("umount", "-l", _path);
    }
}
