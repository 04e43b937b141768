using System.Globalization;
using System.Runtime.Versioning;

namespace SecureBackup.Tests.Unit.Properties;

/// <summary>A tree of everything that a file system can hold, the same for one seed, and ways to change it at random.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RandomTree(string root, int seed)
{
    private static readonly bool IsRoot = Environment.IsPrivilegedProcess;

    private readonly Random _random = new(seed);
    private readonly List<byte[]> _folders = [RawTree.Bytes(root)];
    private readonly List<byte[]> _files = [];
    private readonly List<byte[]> _others = [];
    private readonly Dictionary<byte[], byte[]> _contents = [];
    private int _made;

    /// <summary>Adds entries; call <see cref="Settle"/> afterwards.</summary>
    internal void Grow(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var path = RawTree.Join(Any(_folders), NewName());
            switch (_random.Next(i == 0 ? 1 : 12))
            {
                case <= 4:
                    WriteFile(path);
                    _files.Add(path);
                    Decorate(path);
                    break;
                case 5 or 6:
                    RawTree.MakeFolder(path);
                    _folders.Add(path);
                    break;
                case 7 or 8:
                    RawTree.MakeLink(NewLinkTarget(), path);
                    _others.Add(path);
                    break;
                case 9 or 10 when _files.Count > 0:
                    RawTree.MakeName(Any(_files), path);
                    _others.Add(path);
                    break;
                default:
                    MakeNode(path);
                    _others.Add(path);
                    break;
            }
        }
    }

    /// <summary>Changes, removes, renames and adds; call <see cref="Settle"/> afterwards.</summary>
    internal void Change(int count)
    {
        foreach (var folder in _folders)
        {
            RawTree.SetMode(folder, 0x1C0);
        }

        for (var i = 0; i < count && _files.Count > 1; i++)
        {
            var file = Any(_files);
            switch (_random.Next(6))
            {
                case 0:
                    RawTree.Remove(file, isFolder: false);
                    _files.Remove(file);
                    break;
                case 1:
                    var moved = RawTree.Join(Any(_folders), NewName());
                    RawTree.Move(file, moved);
                    _files[_files.IndexOf(file)] = moved;
                    break;
                case 2 when _others.Count > 0:
                    var other = Any(_others);
                    RawTree.Remove(other, isFolder: false);
                    RawTree.MakeFolder(other);
                    _others.Remove(other);
                    _folders.Add(other);
                    break;
                case 3:
                    Decorate(file);
                    break;
                default:
                    RawTree.SetMode(file, 0x180);
                    WriteFile(file);
                    break;
            }
        }

        Grow(count);
    }

    /// <summary>Modes, access lists and times of everything, from the inside out, since making an entry changes its folder.</summary>
    internal void Settle()
    {
        foreach (var path in _others)
        {
            SetTime(path);
        }

        foreach (var path in _files)
        {
            SetTime(path);
        }

        foreach (var path in _folders.OrderByDescending(path => path.Count(value => value == '/')).ToList())
        {
            Decorate(path);
            SetTime(path);
        }
    }

    private void WriteFile(byte[] path)
    {
        switch (_random.Next(10))
        {
            case 0:
                RawTree.Write(path, 0);
                break;
            case 1:
                var length = _random.Next(1, 40) * 65_536L;
                RawTree.Write(path, length + _random.Next(5000), (_random.NextInt64(length), Content(5000)), (_random.NextInt64(length) & ~4095L, new byte[4096]));
                break;
            case 2:
                RawTree.Write(path, 3_000_000, (0, Content(3_000_000)));
                break;
            case 3 when _contents.Count > 0:
                var known = _contents.Values.ElementAt(_random.Next(_contents.Count));
                RawTree.Write(path, known.Length, (0, known));
                break;
            default:
                var content = Content(_random.Next(20_000));
                RawTree.Write(path, content.Length, (0, content));
                _contents[path] = content;
                break;
        }
    }

    private byte[] Content(int length)
    {
        var bytes = new byte[length];
        _random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Owner, mode, attributes, an access list: in that order, since each may undo what comes before it.</summary>
    private void Decorate(byte[] path)
    {
        if (IsRoot)
        {
            RawTree.SetOwner(path, (uint)_random.Next(3) * 1234, (uint)_random.Next(3) * 4321);
        }

        if (_random.Next(3) == 0)
        {
            RawTree.TrySetAttribute(path, "user.note", Content(_random.Next(200)));
            RawTree.TrySetAttribute(path, "user.größe 🦊", []);
        }

        if (_random.Next(6) == 0)
        {
            RawTree.TrySetAttribute(path, "user.large", Content(_random.Next(3_000, 20_000)));
        }

        uint[] modes = IsRoot ? [0x1A4, 0x180, 0x1FF, 0x124, 0x16D, 0x9ED, 0x5ED, 0x3FF, 0x000] : [0x1C0, 0x1ED, 0x140, 0x16D, 0x1E8];
        RawTree.SetMode(path, modes[_random.Next(modes.Length)]);
        if (_random.Next(5) == 0)
        {
            RawTree.TrySetAttribute(path, "system.posix_acl_access", AccessList());
        }
    }

    /// <summary>Version 2; owner, user 1234, group, mask, others.</summary>
    private static byte[] AccessList() => Convert.FromHexString(
        "02000000" + "01000700FFFFFFFF" + "02000500D2040000" + "04000500FFFFFFFF" + "10000700FFFFFFFF" + "20000400FFFFFFFF");

    private void SetTime(byte[] path)
    {
        long[] seconds = [-1, -86_400L * 365 * 30, 0, 1, 1_700_000_000, 4_102_444_800, 14_000_000_000];
        RawTree.SetTime(path, seconds[_random.Next(seconds.Length)] + _random.Next(1000), (uint)_random.Next(1_000_000_000));
    }

    private void MakeNode(byte[] path)
    {
        switch (_random.Next(IsRoot ? 4 : 2))
        {
            case 0:
                RawTree.MakeNode(path, RawTree.Fifo);
                break;
            case 1:
                RawTree.MakeNode(path, RawTree.Socket);
                break;
            case 2:
                RawTree.MakeNode(path, RawTree.CharacterDevice, (1UL << 8) | 3);
                break;
            default:
                RawTree.MakeNode(path, RawTree.BlockDevice, (7UL << 8) | (uint)_random.Next(200));
                break;
        }
    }

    private byte[] NewLinkTarget() => _random.Next(6) switch
    {
        0 => RawTree.Bytes("/etc/passwd"),
        1 => RawTree.Bytes("../../../../../outside"),
        2 => RawTree.Bytes("."),
        3 => RawTree.Bytes(new string('t', 4000)),
        4 => [0xFF, 0xFE, (byte)'\n', 0x80],
        _ => NewName(),
    };

    /// <summary>Never twice: each carries a number, at a place where it does not spoil what is nasty.</summary>
    private byte[] NewName()
    {
        var number = (_made++).ToString(CultureInfo.InvariantCulture);
        return _random.Next(13) switch
        {
            0 => [0xFF, 0xC0, .. RawTree.Bytes(number), 0xFE, 0x80],
            1 => RawTree.Bytes($"line\n{number}\r\n\t"),
            2 => RawTree.Bytes($"{number}. . "),
            3 => RawTree.Bytes($" {number}.."),
            4 => RawTree.Bytes(number.PadLeft(255, 'n')),
            5 => RawTree.Bytes($"🦊{number}👩‍👧‍👦"),
            6 => RawTree.Bytes($"u\u0308{number}ü"),
            7 => RawTree.Bytes($"-rf {number} *?[a]\\:|<>\"'"),
            8 => RawTree.Bytes($"CON{number}.txt"),
            9 => [(byte)'\x01', .. RawTree.Bytes(number), 0x7F],
            10 => RawTree.Bytes($"{number}-b"),
            _ => RawTree.Bytes($"file{number}"),
        };
    }

    private byte[] Any(List<byte[]> paths) => paths[_random.Next(paths.Count)];
}
