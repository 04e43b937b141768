using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Platform;

/// <summary>
/// The macOS calls for reading. On Intel, whatever fills a structure with file numbers exists twice; the newer form bears a suffix.
/// Of the two that take a variable number of arguments, <c>openat</c> gets none, and <c>fcntl</c> is not called: such arguments
/// travel differently on Apple's processors.
/// </summary>
[SupportedOSPlatform("macos")]
internal static partial class MacCalls
{
    public const int NonBlocking = 0x4;
    public const int NoFollow = 0x100;
    public const int EntersFolders = 0x100000;
    public const int OpensLinks = 0x200000;
    public const int CloseOnExec = 0x1000000;

    private const int CurrentFolder = -2;
    private const int StatNoFollow = 0x20;
    private const int MaxPathBytes = 1024;
    private const int FileSystemBytes = 2168;
    private const int FileSystemNameAt = 72;
    private const int FileSystemNameBytes = 16;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static byte[] Terminated(ReadOnlySpan<byte> name) => [.. name, 0];

    public static int Open(ReadOnlySpan<byte> path, int flags) => OpenAt(CurrentFolder, Terminated(path), flags);

    public static int OpenAt(SafeFileHandle folder, ReadOnlySpan<byte> name, int flags) => OpenAt(folder, Terminated(name), flags);

    public static bool Stat(SafeFileHandle folder, ReadOnlySpan<byte> name, out MacStat stat) => 0 == (IsArm
        ? StatAtArm(folder, Terminated(name), out stat, StatNoFollow)
        : StatAtIntel(folder, Terminated(name), out stat, StatNoFollow));

    public static bool Stat(SafeFileHandle handle, out MacStat stat) => 0 == (IsArm ? StatArm(handle, out stat) : StatIntel(handle, out stat));

    /// <summary>By a path, the last component not followed.</summary>
    public static bool Stat(string path, out MacStat stat) => 0 == (IsArm ? LinkStatArm(path, out stat) : LinkStatIntel(path, out stat));

    /// <summary>Links followed; null with the reason in the last error.</summary>
    public static byte[]? RealPath(string path)
    {
        var found = new byte[MaxPathBytes];
        return RealPath(path, found) == 0 ? null : found[..Array.IndexOf(found, (byte)0)];
    }

    /// <summary>A stream over a folder, which owns the descriptor from then on; 0 on failure.</summary>
    public static nint OpenStream(int descriptor) => IsArm ? OpenStreamArm(descriptor) : OpenStreamIntel(descriptor);

    /// <summary>
    /// The next name, valid until the next call; empty at the end and on failure, which the last error tells apart (0 at the end).
    /// A record is file number 8, position 8, record length 2, name length 2, type 1, name.
    /// </summary>
    public static unsafe ReadOnlySpan<byte> NextName(nint stream)
    {
        var record = (byte*)(IsArm ? ReadStreamArm(stream) : ReadStreamIntel(stream));
        return record is null ? default : new ReadOnlySpan<byte>(record + 21, *(ushort*)(record + 18));
    }

    /// <summary>The file system's name, as <c>apfs</c>; empty where it cannot be asked.</summary>
    public static ReadOnlySpan<byte> FileSystemName(SafeFileHandle handle)
    {
        var found = new byte[FileSystemBytes];
        if ((IsArm ? StatFsArm(handle, found) : StatFsIntel(handle, found)) != 0)
        {
            return default;
        }

        var name = found.AsSpan(FileSystemNameAt, FileSystemNameBytes);
        return name[..Math.Max(0, name.IndexOf((byte)0))];
    }

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    public static partial nint ReadLink(SafeFileHandle folder, byte[] name, byte[] target, nuint size);

    [LibraryImport("libc", EntryPoint = "flistxattr", SetLastError = true)]
    public static partial nint ListAttributes(SafeFileHandle handle, Span<byte> names, nuint size, int options);

    /// <summary>The size alone for an empty <paramref name="value"/>.</summary>
    [LibraryImport("libc", EntryPoint = "fgetxattr", SetLastError = true)]
    public static partial nint GetAttribute(SafeFileHandle handle, ReadOnlySpan<byte> terminatedName, Span<byte> value, nuint size, uint position, int options);

    /// <summary>Leaves the last error alone.</summary>
    [LibraryImport("libc", EntryPoint = "closedir")]
    public static partial int CloseStream(nint stream);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(SafeFileHandle folder, byte[] name, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(int folder, byte[] name, int flags);

    [LibraryImport("libc", EntryPoint = "realpath$DARWIN_EXTSN", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RealPath(string path, byte[] found);

    [LibraryImport("libc", EntryPoint = "fstatat", SetLastError = true)]
    private static partial int StatAtArm(SafeFileHandle folder, byte[] name, out MacStat stat, int flags);

    [LibraryImport("libc", EntryPoint = "fstatat$INODE64", SetLastError = true)]
    private static partial int StatAtIntel(SafeFileHandle folder, byte[] name, out MacStat stat, int flags);

    [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
    private static partial int StatArm(SafeFileHandle handle, out MacStat stat);

    [LibraryImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
    private static partial int StatIntel(SafeFileHandle handle, out MacStat stat);

    [LibraryImport("libc", EntryPoint = "lstat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkStatArm(string path, out MacStat stat);

    [LibraryImport("libc", EntryPoint = "lstat$INODE64", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkStatIntel(string path, out MacStat stat);

    [LibraryImport("libc", EntryPoint = "fdopendir", SetLastError = true)]
    private static partial nint OpenStreamArm(int descriptor);

    [LibraryImport("libc", EntryPoint = "fdopendir$INODE64", SetLastError = true)]
    private static partial nint OpenStreamIntel(int descriptor);

    [LibraryImport("libc", EntryPoint = "readdir", SetLastError = true)]
    private static partial nint ReadStreamArm(nint stream);

    [LibraryImport("libc", EntryPoint = "readdir$INODE64", SetLastError = true)]
    private static partial nint ReadStreamIntel(nint stream);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    private static partial int StatFsArm(SafeFileHandle handle, byte[] found);

    [LibraryImport("libc", EntryPoint = "fstatfs$INODE64", SetLastError = true)]
    private static partial int StatFsIntel(SafeFileHandle handle, byte[] found);
}

/// <summary><c>struct stat</c> with 64-bit file numbers: 144 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 144)]
internal readonly struct MacStat
{
    [FieldOffset(0)] public readonly int Device;
    [FieldOffset(4)] public readonly ushort Mode;
    [FieldOffset(6)] public readonly ushort LinkCount;
    [FieldOffset(8)] public readonly ulong Inode;
    [FieldOffset(16)] public readonly uint UserId;
    [FieldOffset(20)] public readonly uint GroupId;
    [FieldOffset(24)] public readonly uint SpecialDevice;
    [FieldOffset(48)] public readonly MacTime Modified;
    [FieldOffset(64)] public readonly MacTime Changed;
    [FieldOffset(80)] public readonly MacTime Born;
    [FieldOffset(96)] public readonly long SizeBytes;
    [FieldOffset(104)] public readonly long Blocks;

    public UnixStat ToUnixStat() => new()
    {
        Mode = Mode,
        SizeBytes = SizeBytes,
        AllocatedBytes = Blocks * 512,
        Modified = Modified.ToTimestamp(),
        Changed = Changed.ToTimestamp(),
        Created = Born.ToTimestamp(),
        Device = (uint)Device,
        Inode = Inode,
        LinkCount = LinkCount,
        UserId = UserId,
        GroupId = GroupId,
        SpecialMajor = SpecialDevice >> 24,
        SpecialMinor = SpecialDevice & 0xFFFFFF,
    };
}

[StructLayout(LayoutKind.Sequential)]
internal readonly struct MacTime
{
    public readonly long Seconds;
    public readonly long Nanoseconds;

    public Timestamp ToTimestamp() => new(Seconds, (uint)Nanoseconds);
}
