using System.Text;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using static SecureBackup.Tests.Unit.Destinations.DestinationScene;

namespace SecureBackup.Tests.Unit.Destinations;

public sealed class FileInProgressTests
{
    [Fact]
    public async Task More_files_in_progress_than_may_be_open_are_all_written_by_many_threads()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open(With(OverwriteMode.Always) with { MaxOpenFiles = 3 });
        const int fileCount = 40;
        const int pieceCount = 16;
        var files = Enumerable.Range(0, fileCount).Select(i => destination.OpenFile(destination.Prepare(File($"f{i}", pieceCount * 100)))).ToArray();
        Assert.InRange(destination.Handles.OpenCount, 1, 3);

        Parallel.For(0, fileCount * pieceCount, new ParallelOptions { MaxDegreeOfParallelism = 4 }, step =>
        {
            var (piece, file) = (step / fileCount, step % fileCount);
            var bytes = new byte[100];
            Array.Fill(bytes, (byte)(file + piece));
            files[file].Write(piece * 100, bytes);
        });

        Assert.All(files, file => Assert.True(file.Complete().IsRestored));
        Assert.Equal(0, destination.Handles.OpenCount);
        for (var i = 0; i < fileCount; i++)
        {
            var content = await System.IO.File.ReadAllBytesAsync(scene.At($"f{i}"), TestContext.Current.CancellationToken);
            Assert.Equal([.. Enumerable.Range(0, pieceCount * 100).Select(at => (byte)(i + (at / 100)))], content);
        }
    }

    [Fact]
    public async Task Names_of_any_bytes_and_paths_longer_than_one_call_takes_come_back()
    {
        NeedLinux();
        using var scene = new DestinationScene();
        await using var destination = scene.Open();
        var path = EntryPath.Root.Append([0xFF, 0xFE, (byte)'\n']);
        Assert.Equal(PrepareVerdict.Folder, destination.Prepare(new DestinationEntry(path, NameOrigin.UnixBytes, Dir("x").Metadata)).Verdict);
        for (var depth = 0; depth < 30; depth++)
        {
            path = path.Append(Encoding.ASCII.GetBytes(new string((char)('a' + (depth % 26)), 250)));
            Assert.Equal(PrepareVerdict.Folder, destination.Prepare(new DestinationEntry(path, NameOrigin.UnixBytes, Dir("x").Metadata)).Verdict);
        }

        var file = new DestinationEntry(path.Append("file"u8), NameOrigin.UnixBytes, File("x", 4).Metadata);
        Assert.True(Restore(destination, file, [.. "deep"u8]).IsRestored);

        Assert.Equal("deep", Run("find", scene.Folder, "-name", "file", "-execdir", "cat", "{}", ";"));
        var tooLong = new DestinationEntry(EntryPath.Root.Append(new byte[300].Select(_ => (byte)'n').ToArray()), NameOrigin.UnixBytes, Dir("x").Metadata);
        Assert.Equal(FaultCodes.NameNotRepresentable, Assert.Single(destination.Prepare(tooLong).Faults).Code);
        Run("rm", "-rf", scene.Folder);
    }
}
