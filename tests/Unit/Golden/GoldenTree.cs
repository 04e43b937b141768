using System.Globalization;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using SecureBackup.Tests.Unit.Properties;

namespace SecureBackup.Tests.Unit.Golden;

/// <summary>The folder that goes into a golden vault, and what was put into it, entry by entry.</summary>
[SupportedOSPlatform("linux")]
internal sealed class GoldenTree(string root)
{
    private const long Start = 1_790_000_000;

    private readonly SortedDictionary<string, GoldenEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, byte[]> _names = [];

    internal string Root => root;

    internal void MakePlain()
    {
        Folder("");
        File("customers.csv", Text("customer", 300), mode: 0x1A4);
        File("empty", [], mode: 0x180);
        Folder("empty folder");
        Folder("exports");
        File("exports/scan.bin", Noise(50_000), mode: 0x1ED);
        File("exports/copy-of-scan.bin", Noise(50_000), mode: 0x124);
        HardLink("further-name.csv", "customers.csv");
        SymbolicLink("newest", "exports/scan.bin"u8.ToArray());
        SymbolicLink("nowhere", [(byte)'n', 0xFF, (byte)'/', (byte)'x']);
        SetAttributes("customers.csv", ("user.note", "checked \0 twice"u8.ToArray()), ("user.empty", []));
        Sparse("disk.img");
        File([0xE4, (byte)'r', 0xFE, (byte)'\n'], "bytes under a name of bytes"u8.ToArray());
        File("größe 🦊.txt"u8.ToArray(), "a name in UTF-8"u8.ToArray());
        Settle();
    }

    internal void MakeMany()
    {
        Folder("");
        for (var folder = 0; folder < 12; folder++)
        {
            var name = string.Create(CultureInfo.InvariantCulture, $"folder-{folder:00}");
            Folder(name);
            for (var file = 0; file < 50; file++)
            {
                File(string.Create(CultureInfo.InvariantCulture, $"{name}/{file:000}-{new string('n', 120)}"), Text("mail", file % 3), mode: 0x1A4);
            }
        }

        Settle();
    }

    /// <summary>A table that is longer than the longest chunk of any chunker, and noise that most keys leave whole.</summary>
    internal void MakeLong()
    {
        Folder("");
        File("orders.csv", Text("order", 220_000), mode: 0x1A4);
        File("scan.bin", Noise(700_000), mode: 0x1A4);
        Settle();
    }

    internal void MakeFirst()
    {
        Folder("");
        File("customers.csv", Text("customer", 200), mode: 0x1A4);
        File("orders.csv", Text("order", 400), mode: 0x1A4);
        File("old.txt", "will be gone"u8.ToArray(), mode: 0x1A4);
        Settle();
    }

    internal void MakeSecond()
    {
        System.IO.File.Delete(Path.Combine(root, "old.txt"));
        _entries.Remove("old.txt");
        File("orders.csv", Text("order", 450), mode: 0x1A4);
        Folder("new");
        File("new/scan.bin", Noise(20_000), mode: 0x180);
        Settle();
    }

    /// <summary>Many small files, of which most are gone soon.</summary>
    internal void MakeBulk()
    {
        MakeFirst();
        Folder("bulk");
        for (var file = 0; file < 24; file++)
        {
            File(BulkName(file), Noise(9_000 + file), mode: 0x1A4);
        }

        Settle();
    }

    internal void MakeDay(int day)
    {
        foreach (var name in _entries.Keys.Where(name => day == 3 && name.StartsWith("bulk/", StringComparison.Ordinal)).Except([BulkName(0), BulkName(12)], StringComparer.Ordinal).ToList())
        {
            System.IO.File.Delete(Path.Combine(root, name));
            _entries.Remove(name);
        }

        File("daily.csv", Text("day", 10 + day), mode: 0x1A4);
        Settle();
    }

    private static string BulkName(int file) => string.Create(CultureInfo.InvariantCulture, $"bulk/{file:00}.bin");

    /// <summary>Everything, in path order, below the name of the root.</summary>
    internal List<GoldenEntry> Describe(string name) =>
    [
        .. _entries.Values.Select(entry => entry with
        {
            Path = entry.Path.Length == 0 ? name : $"{name}/{entry.Path}",
            FirstName = entry.FirstName is null ? null : $"{name}/{entry.FirstName}",
        }).OrderBy(entry => entry.Path, StringComparer.Ordinal),
    ];

    private byte[] At(byte[] name) => name.Length == 0 ? RawTree.Bytes(root) : RawTree.Join(RawTree.Bytes(root), name);

    private void Folder(string name)
    {
        if (name.Length > 0)
        {
            RawTree.MakeFolder(At(RawTree.Bytes(name)));
        }

        RawTree.SetMode(At(RawTree.Bytes(name)), 0x1ED);
        Add(RawTree.Bytes(name), new GoldenEntry("", "Directory") { Mode = "755" });
    }

    private void File(string name, byte[] content, uint mode) => File(RawTree.Bytes(name), content, mode);

    private void File(byte[] name, byte[] content, uint mode = 0x1A4)
    {
        RawTree.Write(At(name), content.Length, (0, content));
        RawTree.SetMode(At(name), mode);
        Add(name, new GoldenEntry("", "File") { Size = content.Length, Sha256 = Convert.ToHexString(SHA256.HashData(content)), Mode = Convert.ToString(mode, 8) });
    }

    private void Sparse(string name)
    {
        var content = new byte[400_000];
        var data = Noise(4096);
        data.CopyTo(content, 65_536);
        RawTree.Write(At(RawTree.Bytes(name)), content.Length, (65_536, data));
        RawTree.SetMode(At(RawTree.Bytes(name)), 0x180);
        Add(RawTree.Bytes(name), new GoldenEntry("", "File")
        {
            Size = content.Length,
            Sha256 = Convert.ToHexString(SHA256.HashData(content)),
            Mode = "600",
            Holes = [[0, 65_536], [69_632, 400_000 - 69_632]],
        });
    }

    private void HardLink(string name, string first)
    {
        RawTree.MakeName(At(RawTree.Bytes(first)), At(RawTree.Bytes(name)));
        Add(RawTree.Bytes(name), new GoldenEntry("", "HardLink") { FirstName = GoldenVault.ToText(RawTree.Bytes(first)) });
    }

    private void SymbolicLink(string name, byte[] target)
    {
        RawTree.MakeLink(target, At(RawTree.Bytes(name)));
        Add(RawTree.Bytes(name), new GoldenEntry("", "SymbolicLink") { Mode = "777", Target = GoldenVault.ToText(target) });
    }

    private void SetAttributes(string name, params (string Name, byte[] Value)[] attributes)
    {
        foreach (var (attribute, value) in attributes)
        {
            Assert.SkipUnless(RawTree.TrySetAttribute(At(RawTree.Bytes(name)), attribute, value), "This file system keeps no extended attributes.");
        }

        _entries[name] = _entries[name] with { Attributes = attributes.OrderBy(item => item.Name, StringComparer.Ordinal).ToDictionary(item => item.Name, item => Convert.ToHexString(item.Value)) };
    }

    /// <summary>Times last, from the inside out: each entry another one, one of them before 1970.</summary>
    private void Settle()
    {
        var seconds = Start;
        foreach (var (text, entry) in _entries.Reverse().ToList())
        {
            if (entry.Kind is "HardLink")
            {
                continue;
            }

            var time = text is "empty" ? -1_000_000_007 : seconds++;
            var nanoseconds = (uint)(seconds * 7919 % 10_000_000 * 100);
            RawTree.SetTime(At(_names[text]), time, nanoseconds);
            _entries[text] = entry with { ModifiedAt = string.Create(CultureInfo.InvariantCulture, $"{time}.{nanoseconds:000000000}") };
        }

        foreach (var (text, entry) in _entries.Where(item => item.Value.FirstName is not null).ToList())
        {
            _entries[text] = _entries[entry.FirstName!] with { Kind = "HardLink", Path = entry.Path, FirstName = entry.FirstName };
        }
    }

    private void Add(byte[] name, GoldenEntry entry)
    {
        var text = GoldenVault.ToText(name);
        _names[text] = name;
        _entries[text] = entry with { Path = text };
    }

    private static byte[] Text(string word, int lines) => RawTree.Bytes(string.Concat(
        Enumerable.Range(0, lines).Select(n => string.Create(CultureInfo.InvariantCulture, $"{n};{word} {n * 7919 % 1000};{n * 104_729 % 10_000}\n"))));

    private static byte[] Noise(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
