using System.Buffers.Binary;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Engine.Sources;

/// <summary>Paths, streams, times and ids as Windows gives them, in the engine's terms.</summary>
[SupportedOSPlatform("windows")]
internal static class WindowsPaths
{
    private const long SecondsFrom1601To1970 = 11_644_473_600;

    public static string Of(FolderNode folder) => folder.Parent is null ? Wtf8.Decode(folder.Name) : Of(folder.Parent, folder.Name);

    public static string Of(FolderNode folder, ReadOnlySpan<byte> name)
    {
        var names = new Stack<string>();
        names.Push(Wtf8.Decode(name));
        var node = folder;
        for (; node.Parent is not null; node = node.Parent)
        {
            names.Push(Wtf8.Decode(node.Name));
        }

        // Only the root of a drive is reached as "." within itself.
        var path = new StringBuilder(Wtf8.Decode(node.Name).TrimEnd('\\'));
        foreach (var part in names.Where(part => part.Length != 1 || part[0] != '.'))
        {
            path.Append('\\').Append(part);
        }

        return names.All(part => part.Length == 1 && part[0] == '.') ? path.Append('\\').ToString() : path.ToString();
    }

    /// <summary>The form that is free of the old length limit and of rewriting.</summary>
    public static string Extended(string path) =>
        path.StartsWith(@"\\?\", StringComparison.Ordinal) ? path
        : path.StartsWith(@"\\", StringComparison.Ordinal) ? @"\\?\UNC\" + path[2..]
        : @"\\?\" + path;

    public static Timestamp ToTimestamp(long fileTime)
    {
        var seconds = Math.DivRem(fileTime, TimeSpan.TicksPerSecond, out var rest);
        return new Timestamp(seconds - SecondsFrom1601To1970, (uint)(rest * 100));
    }

    /// <summary>ReFS ids have 128 bits; folded by a hash since neither half is unique.</summary>
    public static ulong FoldId(in WindowsIdInfo id)
    {
        if (id.FileHigh == 0)
        {
            return id.FileLow;
        }

        Span<byte> both = stackalloc byte[16];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(both, id.FileLow);
        BinaryPrimitives.WriteUInt64LittleEndian(both[8..], id.FileHigh);
        SHA256.HashData(both, hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }

    /// <summary>All named data streams; a file system without streams has none.</summary>
    public static IReadOnlyList<AlternateStream> StreamsOf(string path)
    {
        const nint Invalid = -1;
        var search = WindowsCalls.FindFirstStream(path, 0, out var stream, 0);
        if (search == Invalid)
        {
            return [];
        }

        var streams = new List<AlternateStream>();
        do
        {
            var parts = stream.Name.Split(':');
            if (parts is [_, { Length: > 0 } name, "$DATA"])
            {
                streams.Add(new AlternateStream(Wtf8.Encode(name), stream.SizeBytes));
            }
        }
        while (WindowsCalls.FindNextStream(search, out stream));
        WindowsCalls.FindClose(search);
        streams.Sort(static (left, right) => left.Name.AsSpan().SequenceCompareTo(right.Name));
        return streams;
    }
}
