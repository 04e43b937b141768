using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using CsCheck;
using Microsoft.Win32.SafeHandles;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Sources;

[UnsupportedOSPlatform("windows")]
public sealed class FileSystemSourceTests : IDisposable
{
    private readonly SourceTree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Fact]
    public void AFolderComesBeforeWhatIsInItAndBeforeLongerNames()
    {
        _tree.Write("a/b");
        _tree.Write("a-b");
        _tree.Write("a.b");
        Assert.Equal(["a", "a/b", "a-b", "a.b"], _tree.Names());
    }

    [Fact]
    public void AnyTreeIsWalkedWholeAndInOrder()
    {
        string[] alphabet = ["a", "b", "a-b", "a.b", "A", "é", "~", " ", "-", "\n", "\u0001"];
        var path = Gen.Int[0, alphabet.Length - 1].Select(i => alphabet[i]).Array[1, 5].Select(parts => string.Join('/', parts));
        path.Array[0, 40].Sample(
            paths =>
            {
                foreach (var folder in paths)
                {
                    _tree.Folder(folder);
                }

                var expected = Directory.EnumerateDirectories(_tree.Path, "*", SearchOption.AllDirectories)
                    .Select(folder => new EntryPath([.. folder[(_tree.Path.Length + 1)..].Split('/').Prepend("r").Select(Encoding.UTF8.GetBytes)]))
                    .Append(new EntryPath(["r"u8.ToArray()]))
                    .Order();
                Assert.Equal(expected, _tree.Walk().Select(item => item.Entry!.Path));
                foreach (var folder in Directory.GetDirectories(_tree.Path))
                {
                    Directory.Delete(folder, recursive: true);
                }
            },
            iter: 60, threads: 1);
    }

    [Fact]
    public void NamesThatAreNotUtf8AreReadAndOpened()
    {
        RequireLinux();
        using var folder = OpenFolder(_tree.Path);
        CreateIn(folder, [(byte)'c', 0xE9, 0xFF, 0], "content"u8);
        var entry = _tree.Walk()[1].Entry!;
        Assert.Equal([(byte)'c', 0xE9, 0xFF], entry.Path.Name.ToArray());
        Assert.Equal(NameOrigin.UnixBytes, entry.Origin);
        using var source = _tree.Open();
        using var content = Entries(source)[1].Open();
        Assert.Equal("content"u8.ToArray(), SourceTree.ReadAll(content));
    }

    [Fact]
    public void ATreeOf2500LevelsIsWalkedAndReadAtItsEnd()
    {
        RequireLinux();
        const int Levels = 2_500;
        var folder = OpenFolder(_tree.Path);
        for (var level = 0; level < Levels; level++)
        {
            SourceTree.Check(SourceTree.MakeFolder(folder, "d\0"u8.ToArray(), 0x1FF), "mkdirat");
            CreateIn(folder, "z\0"u8.ToArray(), "x"u8);
            var child = new SafeFileHandle(SourceTree.OpenAt(folder, "d\0"u8.ToArray(), 0, 0), ownsHandle: true);
            folder.Dispose();
            folder = child;
        }

        CreateIn(folder, "end\0"u8.ToArray(), "deep"u8);
        folder.Dispose();

        using var source = _tree.Open();
        var items = source.Enumerate(TestContext.Current.CancellationToken).ToList();
        Assert.All(items, item => Assert.Null(item.Fault));
        Assert.Equal((Levels * 2) + 2, items.Count);
        Assert.True(items.Zip(items.Skip(1)).All(pair => pair.First.Entry!.Path < pair.Second.Entry!.Path));
        var end = items.Single(item => item.Entry!.Path.Name.SequenceEqual("end"u8)).Entry!;
        using var content = end.Open();
        Assert.Equal("deep"u8.ToArray(), SourceTree.ReadAll(content));
        Assert.True(Directory.GetFiles("/proc/self/fd").Length < 600);
    }

    [Fact]
    public void PathsBeyondTheSystemsLimitAreReadAtBothEnds()
    {
        RequireLinux();
        var name = Encoding.ASCII.GetBytes(new string('n', 250) + "\0");
        var folder = OpenFolder(_tree.Path);
        for (var level = 0; level < 20; level++)
        {
            SourceTree.Check(SourceTree.MakeFolder(folder, name, 0x1FF), "mkdirat");
            var child = new SafeFileHandle(SourceTree.OpenAt(folder, name, 0, 0), ownsHandle: true);
            folder.Dispose();
            folder = child;
        }

        CreateIn(folder, "f\0"u8.ToArray(), "far"u8);
        folder.Dispose();
        using var source = _tree.Open();
        var last = Entries(source)[^1];
        Assert.Equal(22, last.Path.Depth);
        using var content = last.Open();
        Assert.Equal("far"u8.ToArray(), SourceTree.ReadAll(content));
    }

    [Fact]
    public void SymbolicLinksAreKeptAndNeverFollowed()
    {
        RequireLinux();
        _tree.Folder("d");
        SourceTree.Check(SourceTree.SymbolicLink(SourceTree.Z(".."), SourceTree.Z(_tree.At("d/loop"))), "symlink");
        SourceTree.Check(SourceTree.SymbolicLink([0xFF, (byte)'x', 0], SourceTree.Z(_tree.At("odd"))), "symlink");
        var entries = _tree.Walk().Select(item => item.Entry!).ToList();
        Assert.Equal(["r", "r/d", "r/d/loop", "r/odd"], entries.Select(entry => entry.Path.ToString()));
        Assert.Equal(EntryKind.SymbolicLink, entries[2].Metadata.Kind);
        Assert.Equal(".."u8.ToArray(), entries[2].Metadata.LinkTarget);
        Assert.Equal([0xFF, (byte)'x'], entries[3].Metadata.LinkTarget);
    }

    [Fact]
    public void LaterNamesOfAFileAreHardLinksToTheFirst()
    {
        RequireLinux();
        _tree.Write("m/one", "abc");
        _tree.Folder("a");
        _tree.Folder("z");
        SourceTree.Check(SourceTree.Link(SourceTree.Z(_tree.At("m/one")), SourceTree.Z(_tree.At("a/two"))), "link");
        SourceTree.Check(SourceTree.Link(SourceTree.Z(_tree.At("m/one")), SourceTree.Z(_tree.At("z/three"))), "link");
        var files = _tree.Walk().Select(item => item.Entry!).Where(entry => entry.Metadata.Kind != EntryKind.Directory).ToList();
        Assert.Equal([EntryKind.File, EntryKind.HardLink, EntryKind.HardLink], files.Select(file => file.Metadata.Kind));
        Assert.All(files[1..], link => Assert.Equal(files[0].Path, link.Metadata.HardLinkTarget));
        Assert.Equal(3u, files[0].Identity.LinkCount);
        Assert.Throws<InvalidOperationException>(() => files[1].Open());

        // The first name that is taken is the file.
        var rest = _tree.Walk(SourceTree.Options() with { Exclude = ["/a"] }).Select(item => item.Entry!);
        Assert.Equal(EntryKind.File, rest.Single(entry => entry.Path.Name.SequenceEqual("one"u8)).Metadata.Kind);
    }

    [Fact]
    public void HolesAreFoundAndReadAsZeros()
    {
        RequireLinux();
        using (var file = File.OpenHandle(_tree.At("sparse"), FileMode.CreateNew, FileAccess.Write))
        {
            RandomAccess.Write(file, "head"u8, 0);
            RandomAccess.Write(file, "tail"u8, 4 << 20);
            RandomAccess.SetLength(file, 6 << 20);
        }

        using var source = _tree.Open();
        var entry = Entries(source)[1];
        if (entry.Metadata.Holes.Count == 0)
        {
            Assert.Skip("This file system keeps no holes.");
        }

        Assert.Equal(2, entry.Metadata.Holes.Count);
        Assert.Equal(6 << 20, entry.Metadata.Holes[1].Offset + entry.Metadata.Holes[1].LengthBytes);
        using var content = entry.Open();
        Assert.Equal(File.ReadAllBytes(_tree.At("sparse")), SourceTree.ReadAll(content));
        Assert.True(content.IsUnchanged());
    }

    [Fact]
    public void ModeTimesOwnersAndAttributesAreRead()
    {
        RequireLinux();
        var path = _tree.Write("f", "12345");
        var set = SourceTree.SetAttribute(SourceTree.Z(path), SourceTree.Z("user.b"), [1, 2, 3], 3, 0);
        SourceTree.SetAttribute(SourceTree.Z(path), SourceTree.Z("user.a"), [], 0, 0);
        File.SetUnixFileMode(path, (UnixFileMode)0b110_100_000 | UnixFileMode.SetGroup);
        File.SetLastWriteTimeUtc(path, new DateTime(1969, 12, 31, 23, 59, 59, DateTimeKind.Utc).AddTicks(1_234_567));
        using var source = _tree.Open();
        var entry = Entries(source)[1];
        Assert.Equal(5, entry.Metadata.SizeBytes);
        Assert.Equal(0b010_110_100_000u, entry.Metadata.Mode);
        Assert.Equal(new Engine.Primitives.Timestamp(-1, 123_456_700), entry.Metadata.ModifiedAt);
        Assert.NotEqual(0ul, entry.Identity.DeviceId);
        if (SourceTree.IsRoot)
        {
            Assert.Equal("root", entry.Metadata.UserName);
            Assert.Equal("root", entry.Metadata.GroupName);
        }

        if (set == 0)
        {
            Assert.Equal(["user.a", "user.b"], entry.Metadata.ExtendedAttributes.Where(a => a.Name.AsSpan().StartsWith("user."u8)).Select(a => Encoding.ASCII.GetString(a.Name)));
            using var content = entry.Open();
            Assert.Equal([1, 2, 3], content.Metadata.ExtendedAttributes.Single(a => a.Name.AsSpan().SequenceEqual("user.b"u8)).Value);
        }
    }

    [Fact]
    public void AccessListsAreReadAsTheyAreStored()
    {
        RequireLinux();
        var path = _tree.Write("f");

        // Version 2; owner rw, user 1234 r, group none, mask r, others none: tag, permissions, id.
        byte[] list =
        [
            2, 0, 0, 0,
            0x01, 0, 6, 0, 0xFF, 0xFF, 0xFF, 0xFF,
            0x02, 0, 4, 0, 0xD2, 0x04, 0, 0,
            0x04, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
            0x10, 0, 4, 0, 0xFF, 0xFF, 0xFF, 0xFF,
            0x20, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
        ];
        if (SourceTree.SetAttribute(SourceTree.Z(path), SourceTree.Z("system.posix_acl_access"), list, (nuint)list.Length, 0) != 0)
        {
            Assert.Skip("This file system keeps no access lists.");
        }

        var attribute = Assert.Single(_tree.Walk()[1].Entry!.Metadata.ExtendedAttributes, a => a.Name.AsSpan().SequenceEqual("system.posix_acl_access"u8));
        Assert.Equal(list, attribute.Value);
    }

    [Fact]
    public void FifosSocketsAndDevicesAreEntriesThatAreNeverOpened()
    {
        RequireLinux();
        SourceTree.Check(SourceTree.MakeFifo(SourceTree.Z(_tree.At("fifo")), 0x180), "mkfifo");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_tree.At("sock")));
        var hasDevice = SourceTree.MakeDevice(SourceTree.Z(_tree.At("null")), 0x2000 | 0x180, 0x103) == 0;
        var entries = _tree.Walk().Select(item => item.Entry!).ToDictionary(entry => entry.Path.ToString(), StringComparer.Ordinal);
        Assert.Equal(EntryKind.Fifo, entries["r/fifo"].Metadata.Kind);
        Assert.Equal(EntryKind.Socket, entries["r/sock"].Metadata.Kind);
        Assert.Throws<InvalidOperationException>(() => entries["r/fifo"].Open());
        if (hasDevice)
        {
            Assert.Equal(EntryKind.CharacterDevice, entries["r/null"].Metadata.Kind);
            Assert.Equal((1u, 3u), (entries["r/null"].Metadata.DeviceMajor, entries["r/null"].Metadata.DeviceMinor));
        }
    }

    [Fact]
    public void TheWalkHasNoEffectOnAccessTimes()
    {
        RequireLinux();
        var path = _tree.Write("f", "text");
        var longAgo = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        File.SetLastAccessTimeUtc(path, longAgo);
        using var source = _tree.Open();
        using (var content = Entries(source)[1].Open())
        {
            SourceTree.ReadAll(content);
        }

        Assert.Equal(longAgo, File.GetLastAccessTimeUtc(path));
    }

    private static List<SourceEntry> Entries(FileSystemSource source) =>
        [.. source.Enumerate(TestContext.Current.CancellationToken).Select(item => item.Entry!)];

    private static void RequireLinux()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("Linux alone has this.");
        }
    }

    private static SafeFileHandle OpenFolder(string path) => new(SourceTree.OpenAt(-100, SourceTree.Z(path), 0, 0), ownsHandle: true);

    private static void CreateIn(SafeFileHandle folder, byte[] name, ReadOnlySpan<byte> content)
    {
        using var file = new SafeFileHandle(SourceTree.OpenAt(folder, name, 0x41, 0x180), ownsHandle: true);
        RandomAccess.Write(file, content, 0);
    }
}
