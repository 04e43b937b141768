using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// The system calls that make and change entries, all relative to an open folder. What the oldest supported C libraries lack
/// (openat2, renameat2, mknodat) goes through <c>syscall</c>. Names are NUL-terminated bytes (<see cref="Terminated"/>).
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxWrite
{
    public const int ReadWrite = 2;
    public const int RemoveDirectory = 0x200;
    public const int Create = 0x40;
    public const int Exclusive = 0x80;

    public const uint RenameNoReplace = 1;
    public const int MayWrite = 2;
    public const int MaySearch = 1;

    /// <summary>Longest path that one call takes, with room for the terminator.</summary>
    public const int MaxPathBytes = 4000;

    /// <summary>The smallest page that any of these systems has.</summary>
    public const int PageBytes = 4096;

    private const uint BeginWrite = 2;
    private const ulong ResolveNoMagicLinks = 2;
    private const ulong ResolveNoSymlinks = 4;
    private const ulong ResolveBeneath = 8;
    private const long TimeOmitted = 0x3ffffffe;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    private static nint RenameAt2Number => IsArm ? 276 : 316;

    private static nint MakeNodeNumber => IsArm ? 33 : 259;

    private static nint OpenAt2Number => 437;

    public static byte[] Terminated(ReadOnlySpan<byte> name)
    {
        var bytes = new byte[name.Length + 1];
        name.CopyTo(bytes);
        return bytes;
    }

    /// <summary>Opens beneath <paramref name="folder"/>, through no link at all.</summary>
    public static unsafe SafeFileHandle OpenBeneath(SafeFileHandle folder, byte[] path, int flags)
    {
        var how = new OpenHow((ulong)(uint)(flags | LinuxOpen.CloseOnExec), 0, ResolveBeneath | ResolveNoSymlinks | ResolveNoMagicLinks);
        return OpenAt2(OpenAt2Number, folder, path, &how, sizeof(OpenHow));
    }

    public static int Rename(SafeFileHandle folder, byte[] from, byte[] to, uint flags) =>
        (int)RenameAt2(RenameAt2Number, folder, from, folder, to, (nint)flags);

    public static int MakeNode(SafeFileHandle folder, byte[] name, uint mode, uint major, uint minor) =>
        (int)MakeNodeAt(MakeNodeNumber, folder, name, (nint)mode, (nint)((minor & 0xff) | (major << 8) | ((minor & ~0xffu) << 12)));

    /// <summary>Sets the modification time and leaves the access time; null as name means the handle itself.</summary>
    public static unsafe int SetModified(SafeFileHandle folder, byte[]? name, long seconds, uint nanoseconds)
    {
        var times = stackalloc long[] { 0, TimeOmitted, seconds, nanoseconds };
        return name is null ? SetTimes(folder, times) : SetTimes(folder, name, times, LinuxAt.SymlinkNoFollow);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    public static partial SafeFileHandle Open(byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    public static partial SafeFileHandle OpenAt(SafeFileHandle folder, byte[] name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    public static partial int MakeDirectory(SafeFileHandle folder, byte[] name, uint mode);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    public static partial int Unlink(SafeFileHandle folder, byte[] name, int flags);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    public static partial int Link(SafeFileHandle fromFolder, byte[] from, SafeFileHandle toFolder, byte[] to, int flags);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    public static partial int MakeSymlink(byte[] target, SafeFileHandle folder, byte[] name);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    public static partial int ChangeOwner(SafeFileHandle folder, byte[] name, uint user, uint group, int flags);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true)]
    public static partial int ChangeMode(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    public static partial int ChangeMode(SafeFileHandle file, uint mode);

    [LibraryImport("libc", EntryPoint = "faccessat", SetLastError = true)]
    public static partial int Access(SafeFileHandle folder, byte[] name, int mode, int flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    public static partial int Truncate(SafeFileHandle file, long length);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    public static unsafe partial nint Write(SafeFileHandle file, byte* bytes, nint length, long offset);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    public static unsafe partial nint Read(SafeFileHandle file, byte* bytes, nint length, long offset);

    /// <summary>The same file once more, to read: while it is open for writing nobody can run it. Invalid where that may not be had.</summary>
    public static SafeFileHandle OpenToRead(SafeFileHandle file) =>
        Open(Terminated(System.Text.Encoding.ASCII.GetBytes($"/proc/self/fd/{file.DangerousGetHandle()}")), LinuxOpen.ReadOnly | LinuxOpen.CloseOnExec);

    /// <summary>Begins to write a stretch to the disk and waits for nothing; a hint, so that its failure is no news.</summary>
    public static void BeginSync(SafeFileHandle file, long offset, long length) => SyncRange(file, offset, length, BeginWrite);

    [LibraryImport("libc", EntryPoint = "sync_file_range")]
    private static partial int SyncRange(SafeFileHandle file, long offset, long length, uint flags);

    [LibraryImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    public static partial int SyncFileSystem(SafeFileHandle folder);

    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void SyncAll();

    [LibraryImport("libc", EntryPoint = "setxattr", SetLastError = true)]
    public static partial int SetAttribute(byte[] path, byte[] name, byte[] value, nint size, int flags);

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true)]
    public static partial int SetAttribute(SafeFileHandle file, byte[] name, byte[] value, nint size, int flags);

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true)]
    public static partial nint GetAttribute(byte[] path, byte[] name, byte[] value, nint size);

    [LibraryImport("libc", EntryPoint = "fremovexattr", SetLastError = true)]
    public static partial int RemoveAttribute(SafeFileHandle file, byte[] name);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static unsafe partial SafeFileHandle OpenAt2(nint number, SafeFileHandle folder, byte[] path, OpenHow* how, nint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RenameAt2(nint number, SafeFileHandle fromFolder, byte[] from, SafeFileHandle toFolder, byte[] to, nint flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint MakeNodeAt(nint number, SafeFileHandle folder, byte[] name, nint mode, nint device);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    private static unsafe partial int SetTimes(SafeFileHandle folder, byte[] name, long* times, int flags);

    [LibraryImport("libc", EntryPoint = "futimens", SetLastError = true)]
    private static unsafe partial int SetTimes(SafeFileHandle file, long* times);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct OpenHow(ulong Flags, ulong Mode, ulong Resolve);
}
