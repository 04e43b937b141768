using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using Microsoft.Win32.SafeHandles;

namespace SecureBackup.Engine.Platform;

/// <summary>The Windows calls for writing that .NET does not offer.</summary>
[SupportedOSPlatform("windows")]
internal static partial class WindowsWrite
{
    public const uint ReparsePoint = 0x400;
    public const uint Directory = 0x10;

    private const uint ListAndReadAttributes = 0x81;
    private const uint ShareReadWrite = 3;
    private const uint OpenExisting = 3;
    private const uint BackupSemanticsAndReparsePoint = 0x02200000;
    private const uint SetSparse = 0x900C4;

    /// <summary>Opens a folder or link itself; while the handle lives nobody can rename or delete it.</summary>
    public static SafeFileHandle Hold(string path) =>
        CreateFile(path, ListAndReadAttributes, ShareReadWrite, 0, OpenExisting, BackupSemanticsAndReparsePoint, 0);

    /// <summary>Opens an entry itself, without keeping others from it.</summary>
    public static SafeFileHandle Look(string path)
    {
        const uint readAttributes = 0x80;
        const uint shareAll = 7;
        return CreateFile(path, readAttributes, shareAll, 0, OpenExisting, BackupSemanticsAndReparsePoint, 0);
    }

    public static bool TrySetSparse(SafeFileHandle file) => DeviceIoControl(file, SetSparse, 0, 0, 0, 0, out _, 0) != 0;

    [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
    public static partial int GetInformation(SafeFileHandle file, out FileInformation information);

    [LibraryImport("kernel32", EntryPoint = "CreateHardLinkW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    public static partial int CreateHardLink(string name, string target, nint security);

    [LibraryImport("kernel32", EntryPoint = "CreateFileW", SetLastError = true, StringMarshalling = StringMarshalling.Utf16)]
    private static partial SafeFileHandle CreateFile(string path, uint access, uint share, nint security, uint disposition, uint flags, nint template);

    [LibraryImport("kernel32", SetLastError = true)]
    private static partial int DeviceIoControl(SafeFileHandle file, uint code, nint input, uint inputSize, nint output, uint outputSize, out uint returned, nint overlapped);

    /// <summary><c>BY_HANDLE_FILE_INFORMATION</c>: 52 bytes, every field of four.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 52)]
    public struct FileInformation
    {
        [FieldOffset(0)]
        public uint Attributes;

        [FieldOffset(20)]
        public uint WrittenLow;

        [FieldOffset(24)]
        public uint WrittenHigh;

        [FieldOffset(28)]
        public uint VolumeSerial;

        [FieldOffset(32)]
        public uint SizeHigh;

        [FieldOffset(36)]
        public uint SizeLow;

        [FieldOffset(40)]
        public uint LinkCount;

        [FieldOffset(44)]
        public uint IndexHigh;

        [FieldOffset(48)]
        public uint IndexLow;
    }
}
