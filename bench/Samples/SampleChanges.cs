using System.Text;

namespace SecureBackup.Bench.Samples;

/// <summary>Changes to a data set that are taken back at the end of a round, so that every round starts from the same bytes.</summary>
internal sealed class SampleChanges(SampleSet set)
{
    private const int ScratchedBytes = 32;
    private static readonly byte[] Line = Encoding.ASCII.GetBytes("0;changed;2026-11-26;once more\n");

    private readonly Stack<Action> _undo = new();

    /// <summary>Changes a share of the files, one at least: a few bytes in the middle, and a line at the end.</summary>
    internal void Edit(double share, int seed)
    {
        var files = set.Files.ToArray();
        new Random(seed).Shuffle(files);
        Begin();
        foreach (var path in files.Take(Math.Max(1, (int)(files.Length * share))))
        {
            var length = new FileInfo(path).Length;
            Scratch(path, length);
            using (var file = new FileStream(path, FileMode.Append))
            {
                file.Write(Line);
            }

            _undo.Push(() => TakeBack(path, length));
        }
    }

    /// <summary>Puts rows into the middle of the largest file: lines of it with other digits.</summary>
    internal void InsertRows(int count)
    {
        var path = set.Files.MaxBy(static path => new FileInfo(path).Length)!;
        var middle = LineBreakAfter(path, new FileInfo(path).Length / 2);
        var rows = Encoding.UTF8.GetBytes(string.Concat(File.ReadLines(path).Skip(1_000).Take(count).Select(static line => Turned(line) + "\n")));
        Begin();
        Replace(path, middle, 0, rows);
        _undo.Push(() => Replace(path, middle, rows.Length, []));
    }

    internal void TakeBack()
    {
        while (_undo.TryPop(out var undo))
        {
            undo();
        }

        SampleSets.SetComplete(set);
    }

    private void Begin() => SampleSets.SetIncomplete(set);

    private static void TakeBack(string path, long length)
    {
        using (var file = new FileStream(path, FileMode.Open, FileAccess.Write))
        {
            file.SetLength(length);
        }

        Scratch(path, length);
    }

    /// <summary>Doing it twice undoes it; a letter stays a letter and a digit a digit.</summary>
    private static void Scratch(string path, long length)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
        Span<byte> bytes = stackalloc byte[(int)Math.Min(ScratchedBytes, length)];
        var at = (length - bytes.Length) / 2;
        RandomAccess.Read(file, bytes, at);
        foreach (ref var value in bytes)
        {
            value ^= 1;
        }

        RandomAccess.Write(file, bytes, at);
    }

    private static string Turned(string line) => string.Create(line.Length, line, static (turned, original) =>
    {
        for (var i = 0; i < turned.Length; i++)
        {
            turned[i] = char.IsAsciiDigit(original[i]) ? (char)('0' + ((original[i] - '0' + i) % 10)) : original[i];
        }
    });

    private static long LineBreakAfter(string path, long place)
    {
        using var file = File.OpenRead(path);
        file.Position = place;
        for (var value = file.ReadByte(); value >= 0 && value != '\n'; value = file.ReadByte())
        {
        }

        return file.Position;
    }

    private static void Replace(string path, long at, int removedBytes, byte[] added)
    {
        var aside = path + ".new";
        using (var from = File.OpenRead(path))
        using (var to = File.Create(aside))
        {
            var buffer = new byte[1 << 20];
            for (var left = at; left > 0;)
            {
                var count = from.Read(buffer, 0, (int)Math.Min(buffer.Length, left));
                to.Write(buffer, 0, count);
                left -= count;
            }

            to.Write(added);
            from.Position += removedBytes;
            from.CopyTo(to);
        }

        File.Move(aside, path, overwrite: true);
    }
}
