using System.Runtime.Versioning;
using System.Text;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Primitives;
using SecureBackup.Tests.Unit.Sources;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>A folder that holds one of everything that a listing can say of a Linux file system.</summary>
[SupportedOSPlatform("linux")]
internal static class RichTree
{
    /// <summary>
    /// So many, with paths so long, that a listing of them has pages of pages of pages. Where pages end depends on the vault's random key: with a third of
    /// these, one vault in fifteen had a level less; of these, one in ten thousand has.
    /// </summary>
    private const int ManyFiles = 12_000;
    private const int LongNameLength = 240;
    private const int CreateNew = 0xC1;
    private const uint FolderMode = 0x1ED;

    /// <summary>When the file "rights" was changed: before 1970, and not on a full second.</summary>
    public static Timestamp LongAgo { get; } = new(-1_220_000_000, 123_456_700);

    public static byte[] SmallAttribute { get; } = "small \0 value"u8.ToArray();

    public static byte[] Noise(int lengthBytes, int seed)
    {
        var bytes = new byte[lengthBytes];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    public static void Fill(SourceTree scratch, string root)
    {
        var top = Path.Combine(scratch.Path, root);
        Directory.CreateDirectory(top);
        string At(string name) => Path.Combine(top, name);
        File.WriteAllBytes(At("empty"), []);
        File.WriteAllBytes(At("direct.bin"), Noise(100_000, seed: 1));
        File.WriteAllBytes(At("one-list.bin"), Noise(3_000_000, seed: 2));
        File.WriteAllBytes(At("many-lists.bin"), Noise(24_000_000, seed: 3));
        File.WriteAllText(At("text.txt"), string.Concat(Enumerable.Range(0, 20_000).Select(static n => $"line {n} of a text that is easy to compress\n")));
        File.WriteAllText(At(RichSource.Vanishing), "gone before it is read");
        File.WriteAllText(At(RichSource.Restless), "never the same");
        Directory.CreateDirectory(At(RichSource.Attributed));
        Directory.CreateDirectory(At("empty folder"));
        WriteSparse(At("sparse.img"));
        WriteLinks(top);
        WriteRawNames(top);
        WriteAttributes(At("attributes.txt"));
        SourceTree.Check(SourceTree.MakeFifo(SourceTree.Z(At("pipe")), 0x180), "mkfifo");
        File.WriteAllText(At("rights"), "special");
        File.SetUnixFileMode(At("rights"), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.SetGroup | UnixFileMode.StickyBit);
        File.SetLastWriteTimeUtc(At("rights"), LongAgo.ToDateTimeOffset().UtcDateTime);
        WriteMany(At("many"));
    }

    private static void WriteSparse(string path)
    {
        using var file = new FileStream(path, FileMode.CreateNew);
        file.Write(Noise(70_000, seed: 4));
        file.Position = 6_000_000;
        file.Write(Noise(70_000, seed: 5));
        file.SetLength(8_000_000);
    }

    private static void WriteLinks(string top)
    {
        Directory.CreateDirectory(Path.Combine(top, "links"));
        SourceTree.Check(SourceTree.Link(SourceTree.Z(Path.Combine(top, "direct.bin")), SourceTree.Z(Path.Combine(top, "links", "again.bin"))), "link");
        SourceTree.Check(SourceTree.SymbolicLink([(byte)'n', 0xFF, (byte)'n', (byte)'e', 0], SourceTree.Z(Path.Combine(top, "links", "dangling"))), "symlink");
        SourceTree.Check(SourceTree.SymbolicLink("../many"u8.ToArray().Append((byte)0).ToArray(), SourceTree.Z(Path.Combine(top, "links", "folder"))), "symlink");
    }

    private static void WriteRawNames(string top)
    {
        byte[] folder = [.. Encoding.UTF8.GetBytes(top), (byte)'/', 0xE4, 0xFE, (byte)'\\', 0];
        using var here = new SafeFileHandle(-100, ownsHandle: false);
        SourceTree.Check(SourceTree.MakeFolder(here, folder, FolderMode), "mkdirat");
        byte[] file = [.. folder[..^1], (byte)'/', 0x80, (byte)'\n', 0];
        using var handle = new SafeFileHandle(SourceTree.OpenAt(here, file, CreateNew, 0x1A4), ownsHandle: true);
        Assert.False(handle.IsInvalid, "A name that is not UTF-8 could not be made.");
        RandomAccess.Write(handle, "bytes under a name of bytes"u8, 0);
    }

    private static void WriteAttributes(string path)
    {
        File.WriteAllText(path, "has attributes");
        SourceTree.Check(
            SourceTree.SetAttribute(SourceTree.Z(path), SourceTree.Z("user.small"), SmallAttribute, (nuint)SmallAttribute.Length, 0), "lsetxattr");
    }

    private static void WriteMany(string folder)
    {
        var deep = Path.Combine([folder, .. Enumerable.Range(0, 3).Select(static level => new string((char)('a' + level), LongNameLength))]);
        Directory.CreateDirectory(deep);
        for (var n = 0; n < ManyFiles; n++)
        {
            File.WriteAllText(Path.Combine(deep, $"{n:D5}".PadRight(LongNameLength, '-')), n % 7 == 0 ? "" : $"file {n}");
        }
    }
}
