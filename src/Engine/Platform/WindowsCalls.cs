using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SecureBackup.Engine.Platform;

/// <summary>The Windows calls for reading what .NET does not show: change times, file ids, reparse points, streams, access lists.</summary>
[SupportedOSPlatform("windows")]
internal static partial class WindowsCalls
{
    public const uint ReadAttributes = 0x80;
    public const uint ReadControl = 0x20000;
    public const uint GenericRead = 0x80000000;
    public const uint BackupSemantics = 0x02000000;
    public const uint OpenReparsePoint = 0x00200000;
    public const uint SequentialScan = 0x08000000;

    public const uint GetReparsePoint = 0x000900A8;
    public const uint QueryAllocatedRanges = 0x000940CF;

    public const int BasicInfo = 0;
    public const int StandardInfo = 1;
    public const int AttributeTagInfo = 9;
    public const int IdInfo = 18;

    public const int FileNotFound = 2;
    public const int PathNotFound = 3;
    public const int AccessDenied = 5;
    public const int EndOfFile = 38;
    public const int MoreData = 234;

    private const uint ShareAll = 7;
    private const uint OpenExisting = 3;
    private const int FileObject = 1;

    /// <summary>Owner, group and access list; the audit list needs a privilege of its own.</summary>
    private const uint OwnerGroupAndAccess = 7;

    /// <summary>An invalid handle, with the reason in the last error, when it cannot be opened.</summary>
    public static SafeFileHandle Open(string path, uint access, uint flags) =>
        CreateFile(path, access, ShareAll, 0, OpenExisting, flags, 0);

    public static bool TryGetInfo<T>(SafeFileHandle handle, int kind, out T info)
        where T : unmanaged
    {
        info = default;
        return GetInformation(handle, kind, MemoryMarshal.AsBytes(new Span<T>(ref info)), (uint)Marshal.SizeOf<T>());
    }

    /// <summary>The self-relative security descriptor, or null with the reason in <paramref name="error"/>.</summary>
    public static byte[]? ReadSecurity(SafeFileHandle handle, out int error)
    {
        error = (int)GetSecurityInfo(handle, FileObject, OwnerGroupAndAccess, 0, 0, 0, 0, out var descriptor);
        if (error != 0)
        {
            return null;
        }

        var bytes = new byte[GetSecurityDescriptorLength(descriptor)];
        Marshal.Copy(descriptor, bytes, 0, bytes.Length);
        LocalFree(descriptor);
        return bytes;
    }

    /// <summary>As "NTFS"; empty where it cannot be asked.</summary>
    public static string FileSystemName(SafeFileHandle handle)
    {
        Span<char> name = stackalloc char[64];
        return GetVolumeInformation(handle, 0, 0, 0, 0, 0, MemoryMarshal.Cast<char, ushort>(name), (uint)name.Length) ? new string(name[..name.IndexOf('\0')]) : "";
    }

    /// <summary>The path without any link, starting with <c>\\?\</c>.</summary>
    public static string? RealPath(SafeFileHandle handle)
    {
        var path = new char[32_768];
        var length = GetFinalPath(handle, MemoryMarshal.Cast<char, ushort>(path.AsSpan()), (uint)path.Length, 0);
        return length == 0 || length >= path.Length ? null : new string(path, 0, (int)length);
    }

    [LibraryImport("kernel32", EntryPoint = "DeviceIoControl", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool Control(
        SafeFileHandle handle, uint code, ReadOnlySpan<byte> input, uint inputSize, Span<byte> output, uint outputSize, out uint returned, nint overlapped);

    [LibraryImport("kernel32", EntryPoint = "FindFirstStreamW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    public static partial nint FindFirstStream(string path, int level, out WindowsStream stream, uint flags);

    [LibraryImport("kernel32", EntryPoint = "FindNextStreamW", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool FindNextStream(nint search, out WindowsStream stream);

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    public static partial bool FindClose(nint search);

    [LibraryImport("kernel32", EntryPoint = "CreateFileW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeFileHandle CreateFile(string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandleEx", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetInformation(SafeFileHandle handle, int kind, Span<byte> info, uint size);

    [LibraryImport("kernel32", EntryPoint = "GetFinalPathNameByHandleW", SetLastError = true)]
    private static partial uint GetFinalPath(SafeFileHandle handle, Span<ushort> path, uint size, uint flags);

    [LibraryImport("kernel32", EntryPoint = "GetVolumeInformationByHandleW", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetVolumeInformation(
        SafeFileHandle handle, nint volumeName, uint volumeNameSize, nint serial, nint maxComponent, nint flags, Span<ushort> fileSystem, uint fileSystemSize);

    [LibraryImport("advapi32")]
    private static partial uint GetSecurityInfo(
        SafeFileHandle handle, int objectType, uint parts, nint owner, nint group, nint access, nint audit, out nint descriptor);

    [LibraryImport("advapi32")]
    private static partial uint GetSecurityDescriptorLength(nint descriptor);

    [LibraryImport("kernel32")]
    private static partial nint LocalFree(nint memory);
}

/// <summary><c>FILE_BASIC_INFO</c>; times in 100 ns since 1601.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct WindowsBasicInfo
{
    public readonly long Created;
    public readonly long Accessed;
    public readonly long Written;
    public readonly long Changed;
    public readonly uint Attributes;
    private readonly uint _padding;
}

/// <summary><c>FILE_STANDARD_INFO</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct WindowsStandardInfo
{
    public readonly long AllocatedBytes;
    public readonly long SizeBytes;
    public readonly uint LinkCount;
    public readonly ushort DeletePendingAndDirectory;
    private readonly ushort _padding;
}

/// <summary><c>FILE_ATTRIBUTE_TAG_INFO</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct WindowsTagInfo
{
    public readonly uint Attributes;
    public readonly uint ReparseTag;
}

/// <summary><c>FILE_ID_INFO</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct WindowsIdInfo
{
    public readonly ulong Volume;
    public readonly ulong FileLow;
    public readonly ulong FileHigh;
}

/// <summary><c>WIN32_FIND_STREAM_DATA</c>; the name is like <c>:name:$DATA</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct WindowsStream
{
    public long SizeBytes;
    private fixed char _name[296];

    public readonly string Name
    {
        get
        {
            fixed (char* name = _name)
            {
                return new string(name);
            }
        }
    }
}
