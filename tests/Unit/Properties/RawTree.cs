using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace SecureBackup.Tests.Unit.Properties;

/// <summary>Makes what .NET cannot: names of any bytes, nodes, attributes, times of links. Paths are bytes without the ending zero.</summary>
[SupportedOSPlatform("linux")]
internal static partial class RawTree
{
    internal const uint Fifo = 0x1000;
    internal const uint Socket = 0xC000;
    internal const uint CharacterDevice = 0x2000;
    internal const uint BlockDevice = 0x6000;

    private const int Here = -100;
    private const int WriteOnly = 1;
    private const int Create = 0x40;
    private const int NoFollow = 0x100;

    internal static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    internal static byte[] Join(byte[] folder, byte[] name) => [.. folder, (byte)'/', .. name];

    internal static void MakeFolder(byte[] path) => Check(MkDir(Z(path), 0x1C0), "mkdir", path);

    internal static void MakeLink(byte[] target, byte[] path) => Check(SymLink(Z(target), Z(path)), "symlink", path);

    internal static void MakeName(byte[] existing, byte[] path) => Check(Link(Z(existing), Z(path)), "link", path);

    internal static void MakeNode(byte[] path, uint kind, ulong device = 0) => Check(MkNod(Z(path), kind | 0x180, device), "mknod", path);

    /// <summary>Runs of bytes at offsets; what lies between is a hole where the file system has them.</summary>
    internal static void Write(byte[] path, long lengthBytes, params (long Offset, byte[] Bytes)[] runs)
    {
        var file = Open(Z(path), WriteOnly | Create, 0x180);
        Check(file, "open", path);
        try
        {
            Check(FTruncate(file, lengthBytes), "ftruncate", path);
            foreach (var (offset, bytes) in runs.Where(run => run.Bytes.Length > 0))
            {
                Check(PWrite(file, bytes, (nuint)bytes.Length, offset) == bytes.Length ? 0 : -1, "pwrite", path);
            }
        }
        finally
        {
            _ = Close(file);
        }
    }

    internal static void SetMode(byte[] path, uint mode) => Check(ChMod(Z(path), mode), "chmod", path);

    internal static void SetOwner(byte[] path, uint user, uint group) => Check(LChown(Z(path), user, group), "lchown", path);

    internal static void SetTime(byte[] path, long seconds, uint nanoseconds)
    {
        long[] times = [1, 0, seconds, nanoseconds];
        Check(UTimeNsAt(Here, Z(path), times, NoFollow), "utimensat", path);
    }

    /// <returns>False where the file system takes no such attribute, or not of that size.</returns>
    internal static bool TrySetAttribute(byte[] path, string name, byte[] value) =>
        LSetXattr(Z(path), Z(Bytes(name)), value, (nuint)value.Length, 0) == 0;

    internal static void Remove(byte[] path, bool isFolder) => Check(UnlinkAt(Here, Z(path), isFolder ? 0x200 : 0), "unlinkat", path);

    internal static void Move(byte[] from, byte[] to) => Check(Rename(Z(from), Z(to)), "rename", from);

    internal static byte[] Z(byte[] path) => [.. path, 0];

    internal static void Check(long result, string call, byte[] path)
    {
        if (result < 0)
        {
            throw new IOException($"{call} {Encoding.UTF8.GetString(path)}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true)]
    private static partial int MkDir(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "symlink", SetLastError = true)]
    private static partial int SymLink(byte[] target, byte[] path);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true)]
    private static partial int Link(byte[] existing, byte[] path);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true)]
    private static partial int MkNod(byte[] path, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int Open(byte[] path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int FTruncate(int file, long length);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint PWrite(int file, byte[] bytes, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "chmod", SetLastError = true)]
    private static partial int ChMod(byte[] path, uint mode);

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true)]
    private static partial int LChown(byte[] path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    private static partial int UTimeNsAt(int folder, byte[] path, long[] times, int flags);

    [LibraryImport("libc", EntryPoint = "lsetxattr", SetLastError = true)]
    private static partial int LSetXattr(byte[] path, byte[] name, byte[] value, nuint size, int flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    private static partial int UnlinkAt(int folder, byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true)]
    private static partial int Rename(byte[] from, byte[] to);
}
