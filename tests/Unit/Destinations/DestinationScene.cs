using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Tests.Unit.Destinations;

/// <summary>A temporary folder, and short ways to say entries. What was written is looked at by other means than those under test.</summary>
internal sealed partial class DestinationScene : IDisposable
{
    public static readonly Timestamp Noon = new(1_700_000_000, 123_456_789);

    public DestinationScene()
    {
        Top = Directory.CreateTempSubdirectory("sb-destination-").FullName;
        Folder = Path.Combine(Top, "out");
    }

    public string Top { get; }

    public string Folder { get; }

    public static bool IsRoot => OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;

    public static void NeedLinux() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Linux system calls are looked at.");

    public static void NeedRoot(string why) => Assert.SkipUnless(IsRoot, $"Needs root: {why}");

    public static DestinationOptions With(OverwriteMode mode) => new() { Overwrite = mode };

    public FileSystemDestination Open(DestinationOptions? options = null) =>
        FileSystemDestination.Open(Folder, options ?? With(OverwriteMode.Always));

    public string At(string path) => Path.Combine(Folder, path);

    public static EntryPath PathOf(string path) => new([.. path.Split('/').Select(Encoding.UTF8.GetBytes)]);

    public static DestinationEntry Entry(string path, EntryMetadata metadata) => new(PathOf(path), NameOrigin.UnixBytes, metadata);

    public static DestinationEntry File(string path, long sizeBytes = 0) =>
        Entry(path, new EntryMetadata { Kind = EntryKind.File, SizeBytes = sizeBytes, ModifiedAt = Noon, Mode = 0b110_100_000 });

    public static DestinationEntry Dir(string path) =>
        Entry(path, new EntryMetadata { Kind = EntryKind.Directory, ModifiedAt = Noon, Mode = 0b111_101_101 });

    public static DestinationEntry Symlink(string path, string target) => Entry(
        path, new EntryMetadata { Kind = EntryKind.SymbolicLink, ModifiedAt = Noon, LinkTarget = Encoding.UTF8.GetBytes(target) });

    public static DestinationEntry HardLink(string path, string target) => Entry(
        path, new EntryMetadata { Kind = EntryKind.HardLink, ModifiedAt = Noon, HardLinkTarget = PathOf(target) });

    public static EntryOutcome Restore(FileSystemDestination destination, DestinationEntry entry, byte[] content)
    {
        var preparation = destination.Prepare(entry);
        if (preparation.Verdict != PrepareVerdict.Content)
        {
            return new EntryOutcome(false, preparation.Faults);
        }

        using var file = destination.OpenFile(preparation);
        file.Write(0, content);
        return file.Complete();
    }

    public static EntryOutcome Restore(FileSystemDestination destination, string path, string text)
    {
        var content = Encoding.UTF8.GetBytes(text);
        return Restore(destination, File(path, content.Length), content);
    }

    public string Read(string path) => System.IO.File.ReadAllText(At(path));

    public IEnumerable<string> Leftovers() => Directory.EnumerateFiles(Top, ".securebackup-*", SearchOption.AllDirectories);

    /// <summary>What the system's own stat says, of the thing itself.</summary>
    public static string Stat(string path, string format) => Run("stat", "-c", format, path).Trim();

    public static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, string.Create(CultureInfo.InvariantCulture, $"{program} ended with {process.ExitCode}"));
        return output;
    }

    public static byte[]? GetAttribute(string path, string name)
    {
        var value = new byte[4096];
        var length = LGetXattr(path, name, value, value.Length);
        return length < 0 ? null : value[..(int)length];
    }

    public static bool SetAttribute(string path, string name, byte[] value) => LSetXattr(path, name, value, value.Length, 0) == 0;

    public static void Fifo(string path) => Assert.Equal(0, MkFifo(path, 0x180));

    public void Dispose() => Directory.Delete(Top, recursive: true);

    [LibraryImport("libc", EntryPoint = "lgetxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint LGetXattr(string path, string name, byte[] value, nint size);

    [LibraryImport("libc", EntryPoint = "lsetxattr", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LSetXattr(string path, string name, byte[] value, nint size, int flags);

    [LibraryImport("libc", EntryPoint = "mkfifo", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MkFifo(string path, uint mode);
}
