using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Primitives;

namespace SecureBackup.Bench.Parts;

/// <summary>What a restore cannot do without: small files made, and what is written read back. Nothing is deleted while it is measured.</summary>
[MemoryDiagnoser]
public class RestoreParts
{
    internal const int LargeBytes = 128 << 20;

    private const int Files = 4000;
    private const int FilesPerFolder = 200;
    private const int FileBytes = 16 << 10;
    private const int ChunkBytes = 1 << 20;

    private readonly byte[] _content = RandomNumberGenerator.GetBytes(ChunkBytes);
    private readonly byte[] _read = new byte[ChunkBytes];

    /// <summary>Temporary name, write, mode and times, final name: the calls alone, by path.</summary>
    [Benchmark(Description = PartNames.MakeFile, OperationsPerInvoke = Files)]
    public void MakeFiles()
    {
        var root = NewFolder();
        for (var i = 0; i < Files; i++)
        {
            var folder = Path.Combine(root, NameOf(i / FilesPerFolder));
            Directory.CreateDirectory(folder);
            var partial = Path.Combine(folder, ".partial");
            using (var handle = File.OpenHandle(partial, FileMode.CreateNew, FileAccess.Write))
            {
                RandomAccess.Write(handle, _content.AsSpan(0, FileBytes), 0);
                if (!OperatingSystem.IsWindows())
                {
                    File.SetUnixFileMode(handle, UnixFileMode.UserRead);
                }

                File.SetLastWriteTimeUtc(handle, DateTime.UnixEpoch);
            }

            File.Move(partial, Path.Combine(folder, NameOf(i)));
        }
    }

    [Benchmark(Description = PartNames.PutFile, OperationsPerInvoke = Files)]
    public Task PutFilesAsync() => PutAsync(static (count, put) =>
    {
        for (var i = 0; i < count; i++)
        {
            put(i);
        }
    });

    [Benchmark(Description = PartNames.PutFileAll, OperationsPerInvoke = Files)]
    public Task PutFilesOnAllCoresAsync() => PutAsync(static (count, put) => Parallel.For(0, count, put));

    [Benchmark(Description = PartNames.WriteBack)]
    public void WriteAndReadBack()
    {
        using var handle = File.OpenHandle(Path.Combine(NewFolder(), "large"), FileMode.CreateNew, FileAccess.ReadWrite);
        for (var offset = 0; offset < LargeBytes; offset += ChunkBytes)
        {
            RandomAccess.Write(handle, _content, offset);
        }

        for (var offset = 0; offset < LargeBytes; offset += ChunkBytes)
        {
            RandomAccess.Read(handle, _read, offset);
        }
    }

    private static string NewFolder() => Directory.CreateDirectory(Path.Combine(WriteParts.Scratch, Guid.NewGuid().ToString("N"))).FullName;

    private static string NameOf(int number) => number.ToString("x4", CultureInfo.InvariantCulture);

    private static EntryPath PathOf(params int[] names) => new([.. names.Select(static name => Encoding.ASCII.GetBytes(NameOf(name)))]);

    /// <summary>As a restore does it, read back and with attributes.</summary>
    private async Task PutAsync(Action<int, Action<int>> run)
    {
        await using var destination = FileSystemDestination.Open(NewFolder(), DestinationOptions.Default);
        for (var folder = 0; folder < Files / FilesPerFolder; folder++)
        {
            destination.Prepare(new DestinationEntry(PathOf(folder), NameOrigin.UnixBytes, new EntryMetadata { Kind = EntryKind.Directory }));
        }

        var metadata = new EntryMetadata { Kind = EntryKind.File, SizeBytes = FileBytes, ModifiedAt = Timestamp.From(DateTimeOffset.UnixEpoch) };
        run(Files, number =>
        {
            var preparation = destination.Prepare(new DestinationEntry(PathOf(number / FilesPerFolder, number), NameOrigin.UnixBytes, metadata));
            if (!destination.PutFile(preparation, _content.AsSpan(0, FileBytes), readsBack: true).IsRestored)
            {
                throw new InvalidOperationException("A file could not be made.");
            }
        });
    }
}
