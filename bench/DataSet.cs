using System.Globalization;
using System.Text;

namespace SecureBackup.Bench;

/// <summary>
/// Files as an office keeps them, the same for one seed: half the bytes text (tables, mail), a third data that does not compress (pictures, archives), the rest
/// in between. Sizes run from 1 KiB to 64 MiB, small ones in the majority; every twentieth file is a copy of an earlier one.
/// </summary>
internal sealed class DataSet(string folder, int seed)
{
    private const int MaxFileBytes = 64 << 20;

    private readonly Random _random = new(seed);
    private readonly List<string> _files = [];

    internal string Folder { get; } = folder;

    internal IReadOnlyList<string> Files => _files;

    internal long SizeBytes { get; private set; }

    internal void Make(long sizeBytes)
    {
        while (SizeBytes < sizeBytes)
        {
            var path = Path.Combine(Folder, $"{_files.Count / 500:000}", $"file-{_files.Count:00000}.dat");
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (_files.Count % 20 == 19)
            {
                File.Copy(_files[_random.Next(_files.Count)], path);
            }
            else
            {
                using var file = File.Create(path);
                Fill(file, (int)Math.Min(NextLength(), sizeBytes - SizeBytes));
            }

            _files.Add(path);
            SizeBytes += new FileInfo(path).Length;
        }
    }

    /// <summary>Evenly over the powers of two up to 16 MiB; one file in 200 is larger.</summary>
    private int NextLength() => _random.Next(200) == 0 ? _random.Next(MaxFileBytes / 4, MaxFileBytes) : (int)Math.Pow(2, 10 + (_random.NextDouble() * 14));

    private void Fill(FileStream file, int length)
    {
        var kind = _random.Next(6);
        var block = new byte[64 * 1024];
        while (length > 0)
        {
            var count = Math.Min(length, block.Length);
            var part = block.AsSpan(0, count);
            if (kind >= 3)
            {
                FillText(part);
            }
            else
            {
                _random.NextBytes(part);
                if (kind == 2)
                {
                    Repeat(part);
                }
            }

            file.Write(part);
            length -= count;
        }
    }

    private void FillText(Span<byte> part)
    {
        while (!part.IsEmpty)
        {
            var line = string.Create(
                CultureInfo.InvariantCulture,
                $"{_random.Next(1_000_000)};customer-{_random.Next(5_000)};2026-{_random.Next(1, 13):00}-{_random.Next(1, 29):00};{_random.Next(10_000) / 100.0:0.00};paid by invoice, delivered\n");
            var bytes = Encoding.ASCII.GetBytes(line).AsSpan();
            bytes = bytes[..Math.Min(bytes.Length, part.Length)];
            bytes.CopyTo(part);
            part = part[bytes.Length..];
        }
    }

    /// <summary>Every second 64 bytes again: shrinks by about half.</summary>
    private static void Repeat(Span<byte> part)
    {
        for (var at = 128; at + 64 <= part.Length; at += 128)
        {
            part[..64].CopyTo(part[at..]);
        }
    }
}
