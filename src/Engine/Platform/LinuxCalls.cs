using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// The C library's calls for reading, relative to open folders, with names as bytes. The wrappers take names without a terminator;
/// every one gives −1 on failure, with the reason in <see cref="LastError"/>. Works with glibc and musl: <c>getdents64</c>, which older
/// C libraries lack, goes by its number; <c>statx</c> is used for stat since its layout is the same on every processor.
/// </summary>
[SupportedOSPlatform("linux")]
internal static partial class LinuxCalls
{
    public const int CurrentFolder = -100;
    public const int SeekData = 3;
    public const int SeekHole = 4;

    private const int SequentialAdvice = 2;
    private const int UnneededAdvice = 4;
    private const int ShortNameBytes = 512;
    private const uint BasicStats = 0x7FF;

    public static int LastError => Marshal.GetLastPInvokeError();

    public static string Describe(int error) => Marshal.GetPInvokeErrorMessage(error);

    /// <summary>Opens by a whole path; links in it are followed unless the flags say otherwise.</summary>
    public static int Open(ReadOnlySpan<byte> path, int flags)
    {
        Span<byte> space = stackalloc byte[ShortNameBytes];
        return OpenAt(CurrentFolder, Terminate(path, space), flags, 0);
    }

    public static int OpenAt(SafeFileHandle folder, ReadOnlySpan<byte> name, int flags)
    {
        Span<byte> space = stackalloc byte[ShortNameBytes];
        return OpenAt(folder, Terminate(name, space), flags, 0);
    }

    public static int Stat(SafeFileHandle folder, ReadOnlySpan<byte> name, out LinuxStat stat)
    {
        Span<byte> space = stackalloc byte[ShortNameBytes];
        return StatX(folder, Terminate(name, space), LinuxAt.SymlinkNoFollow | LinuxAt.NoAutomount, BasicStats, out stat);
    }

    public static int Stat(SafeFileHandle handle, out LinuxStat stat) =>
        StatX(handle, [0], LinuxAt.EmptyPath, BasicStats, out stat);

    /// <summary>By a whole path, links followed.</summary>
    public static int Stat(ReadOnlySpan<byte> path, out LinuxStat stat)
    {
        Span<byte> space = stackalloc byte[ShortNameBytes];
        return StatX(CurrentFolder, Terminate(path, space), 0, BasicStats, out stat);
    }

    /// <summary>The target of a link, or null with the reason in <see cref="LastError"/>.</summary>
    public static byte[]? ReadLink(SafeFileHandle folder, ReadOnlySpan<byte> name)
    {
        Span<byte> space = stackalloc byte[ShortNameBytes];
        var terminated = Terminate(name, space);
        for (var capacity = 256; ; capacity *= 4)
        {
            var target = new byte[capacity];
            var length = ReadLinkAt(folder, terminated, target, (nuint)capacity);
            if (length < 0)
            {
                return null;
            }

            if (length < capacity)
            {
                return target[..(int)length];
            }
        }
    }

    /// <summary>Fills the buffer with directory records; 0 at the end.</summary>
    public static int ReadFolder(SafeFileHandle folder, Span<byte> records) =>
        (int)SystemCall(ReadFolderNumber, folder, records, (nuint)records.Length);

    public static void AdviseSequential(SafeFileHandle handle) => _ = Advise(handle, 0, 0, SequentialAdvice);

    /// <summary>The page cache lets go of the whole pages of a stretch that are on the disk.</summary>
    public static void AdviseUnneeded(SafeFileHandle handle, long offset, long length) => _ = Advise(handle, offset, length, UnneededAdvice);

    /// <summary>The file system's magic number, or 0 where it cannot be asked.</summary>
    public static uint FileSystemMagic(SafeFileHandle handle)
    {
        Span<byte> buffer = stackalloc byte[512];
        return StatFs(handle, buffer) == 0 ? MemoryMarshal.Read<uint>(buffer) : 0;
    }

    public static ReadOnlySpan<byte> Terminate(ReadOnlySpan<byte> name, Span<byte> space)
    {
        if (name.Length >= space.Length)
        {
            space = new byte[name.Length + 1];
        }

        name.CopyTo(space);
        space[name.Length] = 0;
        return space[..(name.Length + 1)];
    }

    private static nint ReadFolderNumber => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 or Architecture.Arm or Architecture.Armv6 => 217,
        Architecture.X86 or Architecture.S390x => 220,
        Architecture.Ppc64le => 202,
        _ => 61, // arm64, riscv64, loongarch64: the generic table
    };

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    public static partial long Seek(SafeFileHandle handle, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "flistxattr", SetLastError = true)]
    public static partial nint ListAttributes(SafeFileHandle handle, Span<byte> names, nuint size);

    [LibraryImport("libc", EntryPoint = "fgetxattr", SetLastError = true)]
    public static partial nint GetAttribute(SafeFileHandle handle, ReadOnlySpan<byte> terminatedName, Span<byte> value, nuint size);

    [LibraryImport("libc", EntryPoint = "llistxattr", SetLastError = true)]
    public static partial nint ListAttributes(ReadOnlySpan<byte> terminatedPath, Span<byte> names, nuint size);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true)]
    public static partial nint GetAttribute(ReadOnlySpan<byte> terminatedPath, ReadOnlySpan<byte> terminatedName, Span<byte> value, nuint size);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(SafeFileHandle folder, ReadOnlySpan<byte> name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(int folder, ReadOnlySpan<byte> name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int StatX(SafeFileHandle folder, ReadOnlySpan<byte> name, int flags, uint mask, out LinuxStat stat);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int StatX(int folder, ReadOnlySpan<byte> name, int flags, uint mask, out LinuxStat stat);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    private static partial nint ReadLinkAt(SafeFileHandle folder, ReadOnlySpan<byte> name, Span<byte> target, nuint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, SafeFileHandle folder, Span<byte> records, nuint size);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle handle, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    private static partial int StatFs(SafeFileHandle handle, Span<byte> buffer);
}
