namespace SecureBackup.Bench.Samples;

/// <summary>A folder of files that the bench may change for a while.</summary>
internal sealed class SampleSet
{
    internal SampleSet(string name, string folder, string description)
    {
        Name = name;
        Folder = folder;
        Description = description;
        Files = [.. new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Select(static file => file.FullName).Order(StringComparer.Ordinal)];
        SizeBytes = Files.Sum(static file => new FileInfo(file).Length);
    }

    internal string Name { get; }

    internal string Folder { get; }

    /// <summary>What it was made of.</summary>
    internal string Description { get; }

    /// <summary>Full paths, sorted.</summary>
    internal IReadOnlyList<string> Files { get; }

    internal long SizeBytes { get; }

    /// <summary>Reads everything once, so that each tool finds it in the page cache.</summary>
    internal void Warm()
    {
        var buffer = new byte[1 << 20];
        foreach (var path in Files)
        {
            using var file = File.OpenHandle(path);
            for (long offset = 0; RandomAccess.Read(file, buffer, offset) is var count and > 0; offset += count)
            {
            }
        }
    }

    /// <summary>Whole small files and pieces of large ones, from all over the set, up to so many bytes together.</summary>
    internal IReadOnlyList<byte[]> Sample(int maxBytes)
    {
        var pieceBytes = maxBytes / 16;
        var files = Files.ToArray();
        new Random(3).Shuffle(files);
        var pieces = new List<byte[]>();
        var left = maxBytes;
        for (var turn = 0; turn < 16; turn++)
        {
            foreach (var path in files)
            {
                using var file = File.OpenHandle(path);
                var piece = new byte[(int)Math.Clamp(RandomAccess.GetLength(file) - ((long)turn * pieceBytes), 0, Math.Min(pieceBytes, left))];
                if (piece.Length > 0)
                {
                    RandomAccess.Read(file, piece, (long)turn * pieceBytes);
                    pieces.Add(piece);
                    left -= piece.Length;
                }
            }
        }

        return pieces;
    }
}
