using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace SecureBackup.Tests.Unit.Properties;

/// <summary>
/// What the system says of a tree, asked by calls of its own: readdir, statx, readlink, llistxattr, lgetxattr, SEEK_HOLE. A line an entry, in the order of
/// the names' bytes; two trees are the same when the lines are.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class TreeWitness
{
    private const int TypeBits = 0xF000;
    private const int Folder = 0x4000;
    private const int Regular = 0x8000;
    private const int SymbolicLink = 0xA000;

    private readonly List<string> _lines = [];
    private readonly Dictionary<ulong, string> _firstNames = [];

    internal static List<string> Look(string root)
    {
        var witness = new TreeWitness();
        witness.Visit(RawTree.Bytes(root), ".");
        return witness._lines;
    }

    private void Visit(byte[] path, string name)
    {
        var status = new byte[256];
        RawTree.Check(StatX(-100, RawTree.Z(path), 0x100, 0x7FF, status), "statx", path);
        uint At(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(status.AsSpan(offset));
        var mode = BinaryPrimitives.ReadUInt16LittleEndian(status.AsSpan(28));
        var seconds = BinaryPrimitives.ReadInt64LittleEndian(status.AsSpan(112));
        var type = mode & TypeBits;
        var line = new StringBuilder().Append(CultureInfo.InvariantCulture, $"{name} mode {Convert.ToString(mode, 8)} owner {At(20)}:{At(24)} time {seconds}.{At(120):000000000}");
        if (type == Regular)
        {
            line.Append(CultureInfo.InvariantCulture, $" size {BinaryPrimitives.ReadUInt64LittleEndian(status.AsSpan(40))} {ContentOf(path)}");
        }
        else if (type == SymbolicLink)
        {
            line.Append(CultureInfo.InvariantCulture, $" -> {TargetOf(path)}");
        }
        else if (type != Folder)
        {
            line.Append(CultureInfo.InvariantCulture, $" device {At(128)},{At(132)}");
        }

        if (type != Folder && At(16) > 1)
        {
            var inode = BinaryPrimitives.ReadUInt64LittleEndian(status.AsSpan(32));
            _firstNames.TryAdd(inode, name);
            line.Append(CultureInfo.InvariantCulture, $" names {At(16)} first {_firstNames[inode]}");
        }

        AppendAttributes(line, path);
        _lines.Add(line.ToString());
        if (type == Folder)
        {
            foreach (var child in NamesIn(path))
            {
                Visit(RawTree.Join(path, child), $"{name}/{Shown(child)}");
            }
        }
    }

    internal static List<byte[]> NamesIn(byte[] path)
    {
        var folder = OpenDir(RawTree.Z(path));
        RawTree.Check(folder == 0 ? -1 : 0, "opendir", path);
        var names = new List<byte[]>();
        for (nint record; (record = ReadDir(folder)) != 0;)
        {
            // d_ino, d_off, d_reclen, d_type, then the name.
            var length = BinaryPrimitives.ReadUInt16LittleEndian(Copy(record + 16, 2));
            var name = Copy(record + 19, length - 19);
            name = name[..name.AsSpan().IndexOf((byte)0)];
            if (!name.AsSpan().SequenceEqual("."u8) && !name.AsSpan().SequenceEqual(".."u8))
            {
                names.Add(name);
            }
        }

        _ = CloseDir(folder);
        names.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
        return names;
    }

    private static byte[] Copy(nint from, int count)
    {
        var bytes = new byte[count];
        Marshal.Copy(from, bytes, 0, count);
        return bytes;
    }

    private static string ContentOf(byte[] path)
    {
        using var file = new SafeFileHandle(Open(RawTree.Z(path), 0), ownsHandle: true);
        RawTree.Check(file.IsInvalid ? -1 : 0, "open", path);
        var holes = new StringBuilder();
        var length = RandomAccess.GetLength(file);
        for (long at = 0; at < length;)
        {
            var hole = Seek(file, at, 4);
            var data = hole < length ? Seek(file, hole, 3) : -1;
            if (hole < 0 || hole >= length)
            {
                break;
            }

            at = data < 0 ? length : data;
            holes.Append(CultureInfo.InvariantCulture, $"{hole}-{at} ");
        }

        using var stream = new FileStream(file, FileAccess.Read);
        return $"holes [{holes}] sha256 {Convert.ToHexString(SHA256.HashData(stream))}";
    }

    private static string TargetOf(byte[] path)
    {
        var target = new byte[8192];
        var length = ReadLink(RawTree.Z(path), target, (nuint)target.Length);
        RawTree.Check(length, "readlink", path);
        return Shown(target.AsSpan(0, (int)length));
    }

    private static void AppendAttributes(StringBuilder line, byte[] path)
    {
        var names = new byte[65536];
        var length = LListXattr(RawTree.Z(path), names, (nuint)names.Length);
        var listed = length <= 0 ? [] : Encoding.UTF8.GetString(names, 0, (int)length - 1).Split('\0');
        foreach (var name in listed.Order(StringComparer.Ordinal))
        {
            var value = new byte[65536];
            var size = LGetXattr(RawTree.Z(path), RawTree.Z(RawTree.Bytes(name)), value, (nuint)value.Length);
            RawTree.Check(size, "lgetxattr", path);
            line.Append(CultureInfo.InvariantCulture, $" {name}={size}:{Convert.ToHexString(SHA256.HashData(value.AsSpan(0, (int)size)))[..16]}");
        }
    }

    private static string Shown(ReadOnlySpan<byte> name) =>
        name.ContainsAnyExceptInRange((byte)0x21, (byte)0x7E) ? $"<{Convert.ToHexString(name)}>" : Encoding.ASCII.GetString(name);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int StatX(int folder, byte[] path, int flags, uint mask, byte[] status);

    [LibraryImport("libc", EntryPoint = "opendir", SetLastError = true)]
    private static partial nint OpenDir(byte[] path);

    [LibraryImport("libc", EntryPoint = "readdir", SetLastError = true)]
    private static partial nint ReadDir(nint folder);

    [LibraryImport("libc", EntryPoint = "closedir")]
    private static partial int CloseDir(nint folder);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int Open(byte[] path, int flags);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    private static partial long Seek(SafeFileHandle file, long offset, int whence);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true)]
    private static partial nint ReadLink(byte[] path, byte[] target, nuint size);

    [LibraryImport("libc", EntryPoint = "llistxattr", SetLastError = true)]
    private static partial nint LListXattr(byte[] path, byte[] names, nuint size);

    [LibraryImport("libc", EntryPoint = "lgetxattr", SetLastError = true)]
    private static partial nint LGetXattr(byte[] path, byte[] name, byte[] value, nuint size);
}
