using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

/// <summary>A real folder for one test, and the calls that .NET lacks to fill it.</summary>
internal sealed partial class SourceTree : IDisposable
{
    public SourceTree()
    {
        Path = Directory.CreateTempSubdirectory("sb-source-").FullName;
    }

    public string Path { get; }

    public static bool IsRoot => OperatingSystem.IsLinux() && EffectiveUser() == 0;

    public string At(string relative) => System.IO.Path.Combine(Path, relative);

    public string Write(string relative, string text = "x")
    {
        var path = At(relative);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public string Folder(string relative) => Directory.CreateDirectory(At(relative)).FullName;

    public FileSystemSource Open(FileSystemSourceOptions? options = null) =>
        FileSystemSource.Open((options ?? Options()) with { Roots = [new FileSystemRoot("r", Path)] }, TimeProvider.System);

    /// <summary>Without helpers: what a walk sees of changes meanwhile must not depend on how busy the machine is.</summary>
    public static FileSystemSourceOptions Options() => new() { Roots = [], SlowAnswer = TimeSpan.MaxValue };

    /// <summary>Alone and with helpers, which must come to the same.</summary>
    public List<SourceItem> Walk(FileSystemSourceOptions? options = null)
    {
        using var alone = Open(options);
        using var helped = Open((options ?? Options()) with { SlowAnswer = TimeSpan.Zero });
        List<SourceItem> items = [.. alone.Enumerate(TestContext.Current.CancellationToken)];
        Assert.Equal(items.Select(Tell), helped.Enumerate(TestContext.Current.CancellationToken).Select(Tell));
        Assert.Equal(alone.ExcludedCount, helped.ExcludedCount);
        return items;
    }

    /// <summary>All that the walk says of an item but when it looked.</summary>
    public static string Tell(SourceItem item) => item.Entry is not { Metadata: var metadata } entry
        ? $"{item.Fault}"
        : $"{entry.Path} {entry.Identity} {item.Fault} {metadata} {Convert.ToHexString(metadata.LinkTarget ?? [])} {string.Join(' ', metadata.Holes)} "
            + string.Join(' ', metadata.ExtendedAttributes.Select(static attribute => $"{Convert.ToHexString(attribute.Name)} {Convert.ToHexString(attribute.Value)}"));

    /// <summary>Paths below the root, without it.</summary>
    public List<string> Names(FileSystemSourceOptions? options = null) =>
        [.. Walk(options).Where(item => item.Entry is not null).Select(item => item.Entry!.Path.ToString()).Where(path => path.Length > 1).Select(path => path[2..])];

    public static byte[] ReadAll(SourceContent content)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[70_000];
        for (int count; (count = content.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, count);
        }

        return bytes.ToArray();
    }

    public static void Check(int result, string what)
    {
        if (result != 0)
        {
            throw new IOException($"{what}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    public static byte[] Z(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    /// <summary>Runs a program; null if it is not there.</summary>
    public static (int ExitCode, string Output)? Run(string program, string folder, string input, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using var process = Process.Start(start)!;
            var error = process.StandardError.ReadToEndAsync();
            var output = process.StandardOutput.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            process.WaitForExit();
            return (process.ExitCode, output.GetAwaiter().GetResult() + error.GetAwaiter().GetResult());
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    public void Dispose()
    {
        // The runtime cannot delete names that are not UTF-8, nor paths beyond the system's limit.
        if (Run("rm", "/", "", "-rf", "--", Path) is null)
        {
            Directory.Delete(Path, recursive: true);
        }
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeFolder(SafeFileHandle folder, byte[] name, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(SafeFileHandle folder, byte[] name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial int OpenAt(int folder, byte[] name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true)]
    public static partial int Link(byte[] existing, byte[] added);

    [LibraryImport("libc", EntryPoint = "symlink", SetLastError = true)]
    public static partial int SymbolicLink(byte[] target, byte[] path);

    [LibraryImport("libc", EntryPoint = "mkfifo", SetLastError = true)]
    public static partial int MakeFifo(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true)]
    public static partial int MakeDevice(byte[] path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true)]
    public static partial int SetAttribute(byte[] path, byte[] name, byte[] value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "chown", SetLastError = true)]
    public static partial int ChangeOwner(byte[] path, uint user, uint group);
}
