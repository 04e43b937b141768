using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace SecureBackup.Engine.Platform;

/// <summary>The macOS calls for writing that .NET does not offer; none takes a variable number of arguments.</summary>
[SupportedOSPlatform("macos")]
internal static partial class MacWrite
{
    public const int TypeMask = 0xF000;
    public const int Directory = 0x4000;
    public const int SymbolicLink = 0xA000;

    private const int CurrentFolder = -2;

    public static int Status(string path, out StatusBuffer status) => RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? StatusArm(path, out status)
        : StatusIntel(path, out status);

    /// <summary>Makes a further name of the very thing; a link is not followed.</summary>
    public static int Link(string target, string name) => LinkAt(CurrentFolder, target, CurrentFolder, name, 0);

    [LibraryImport("libc", EntryPoint = "sync")]
    public static partial void Sync();

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkAt(int fromFolder, string from, int toFolder, string to, int flags);

    [LibraryImport("libc", EntryPoint = "lstat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusArm(string path, out StatusBuffer status);

    [LibraryImport("libc", EntryPoint = "lstat$INODE64", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusIntel(string path, out StatusBuffer status);

    /// <summary><c>struct stat</c> with 64-bit file numbers: 144 bytes.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 144)]
    public struct StatusBuffer
    {
        [FieldOffset(0)]
        public int Device;

        [FieldOffset(4)]
        public ushort Mode;

        [FieldOffset(8)]
        public ulong Inode;

        [FieldOffset(48)]
        public long ModifiedSeconds;

        [FieldOffset(56)]
        public long ModifiedNanoseconds;

        [FieldOffset(96)]
        public long SizeBytes;
    }
}
