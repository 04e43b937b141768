using System.Diagnostics;

namespace SecureBackup.Tests.Unit;

/// <summary>A small file system of one test. Where mounting is not allowed the test is skipped and says so.</summary>
internal sealed class TestMount : IDisposable
{
    private readonly TempFolder _folder = new();

    private TestMount()
    {
    }

    public string FullPath => _folder["mount"];

    public static TestMount Tmpfs(string size)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting needs Linux and root.");
        var mount = new TestMount();
        Directory.CreateDirectory(mount.FullPath);
        if (!Run("mount", "-t", "tmpfs", "-o", $"size={size},mode=755", "tmpfs", mount.FullPath))
        {
            mount._folder.Dispose();
            Assert.Skip("This system does not let the test mount a file system.");
        }

        return mount;
    }

    /// <summary>Shows a folder under a second path.</summary>
    public static TestMount Of(string folder)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Mounting needs Linux and root.");
        var mount = new TestMount();
        Directory.CreateDirectory(mount.FullPath);
        if (!Run("mount", "--bind", folder, mount.FullPath))
        {
            mount._folder.Dispose();
            Assert.Skip("This system does not let the test mount a folder.");
        }

        return mount;
    }

    public void Resize(string size) => Assert.True(Run("mount", "-o", $"remount,size={size}", FullPath), "The mount could not be resized.");

    public void MakeReadOnly() => Assert.True(Run("mount", "-o", "remount,ro", FullPath), "The mount could not be made read-only.");

    public void Dispose()
    {
        Assert.True(Run("umount", FullPath), "The mount could not be taken away.");
        _folder.Dispose();
    }

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
