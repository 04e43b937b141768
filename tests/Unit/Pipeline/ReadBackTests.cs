using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What the disk gives back is compared before a file gets its name.</summary>
public sealed class ReadBackTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_byte_that_turned_on_the_disk_costs_the_file_and_never_passes(bool readsBack)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("bad.bin", 3_000_000, seed: 1);
        scene.WriteRandom("good.bin", 2_000_000, seed: 2);
        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var entries = new List<RestoredEntry>();
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString())) { OnEntry = entries.Add, ReadsBack = readsBack };
        await using var door = new TurningDisk(FileSystemDestination.Open(scene.RestorePath, DestinationOptions.Default), scene.RestorePath);

        var result = await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token);

        var restored = Path.Combine(scene.RestorePath, "source");
        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(scene.SourcePath, "good.bin"), Token), await File.ReadAllBytesAsync(Path.Combine(restored, "good.bin"), Token));
        Assert.NotEqual(readsBack, File.Exists(Path.Combine(restored, "bad.bin")));
        Assert.Equal(readsBack ? [FaultCodes.ReadBackMismatch] : [], result.Faults.Select(fault => fault.Code));
        Assert.Equal(readsBack ? 1 : 0, entries.Count(entry => entry.Verdict == RestoreVerdict.Failed));
        Assert.Empty(Directory.EnumerateFiles(scene.RestorePath, ".securebackup-*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_long_file_is_read_back_while_it_is_written_and_every_byte_once()
    {
        using var scene = await PipelineScene.CreateAsync();
        const int size = 5 * ReadBack.BehindBytes / 2;
        scene.WriteRandom("long.bin", size, seed: 3);
        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString()));
        await using var door = new TurningDisk(FileSystemDestination.Open(scene.RestorePath, DestinationOptions.Default), scene.RestorePath);

        var result = await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token);

        Assert.Empty(result.Faults);
        var file = Assert.Single(door.Opened);
        Assert.Equal(size, file.ReadBackBytes);
        Assert.NotEmpty(file.Dropped);
        Assert.All(file.Dropped, stretch => Assert.InRange(stretch.LengthBytes, ReadBack.BehindBytes, size));
    }

    [Fact]
    public void Parts_are_taken_once_there_are_enough_of_them()
    {
        var entry = Destinations.DestinationScene.File("file", 101);
        var file = new RestoringFile(new Preparation(entry, PrepareVerdict.Content, []), file: null);
        file.AddPart(new WrittenPart(1, 0, 60, Stream: null));

        Assert.Empty(file.TakeParts(100));
        file.AddPart(new WrittenPart(2, 60, 40, Stream: null));

        Assert.Equal([0, 60], file.TakeParts(100).Select(part => part.Offset));
        Assert.Empty(file.TakeParts());
        file.AddPart(new WrittenPart(3, 100, 1, Stream: null));
        Assert.Equal([100], file.TakeParts().Select(part => part.Offset));
    }

    [Fact]
    public async Task A_byte_that_turned_early_in_a_long_file_does_not_pass()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("bad.bin", 2 * ReadBack.BehindBytes, seed: 4);
        var backup = await scene.BackUpAsync();
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString()));
        await using var door = new TurningDisk(FileSystemDestination.Open(scene.RestorePath, DestinationOptions.Default), scene.RestorePath) { TurnsAt = ReadBack.BehindBytes / 2 };

        var result = await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token);

        Assert.Equal(FaultCodes.ReadBackMismatch, Assert.Single(result.Faults).Code);
        Assert.Empty(Directory.EnumerateFiles(scene.RestorePath, "*", SearchOption.AllDirectories));
    }

    /// <summary>A door to a disk on which one byte of the files named bad turns as soon as all of them is written, or as much as is said.</summary>
    private sealed class TurningDisk(FileSystemDestination inner, string folder) : IDestination
    {
        public string DisplayName => inner.DisplayName;

        public long? TurnsAt { get; init; }

        public List<TurningFile> Opened { get; } = [];

        public Preparation Prepare(DestinationEntry entry) => inner.Prepare(entry);

        public IDestinationFile OpenFile(Preparation preparation)
        {
            var isBad = preparation.Entry.Path.ToString().EndsWith("bad.bin", StringComparison.Ordinal);
            var size = preparation.Entry.Metadata.SizeBytes;
            var file = new TurningFile(inner.OpenFile(preparation), size, isBad ? TurnsAt ?? size : null, folder);
            Opened.Add(file);
            return file;
        }

        public EntryOutcome PutFile(Preparation preparation, ReadOnlySpan<byte> content, bool readsBack) => inner.PutFile(preparation, content, readsBack);

        public IStandingFile? OpenStanding(Preparation preparation) => inner.OpenStanding(preparation);

        public EntryOutcome? Settle(Preparation preparation, StandingStamp seen) => inner.Settle(preparation, seen);

        public EntryOutcome Link(Preparation preparation) => inner.Link(preparation);

        public EntryOutcome CompleteFolder(Preparation preparation) => inner.CompleteFolder(preparation);

        public bool IsMountPoint(Engine.Entries.EntryPath folder) => inner.IsMountPoint(folder);

        public DestinationFault? Remove(Engine.Entries.EntryPath path, Engine.Entries.EntryMetadata seen, Engine.Entries.EntryIdentity identity) => inner.Remove(path, seen, identity);

        public Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    private sealed class TurningFile(IDestinationFile inner, long sizeBytes, long? turnsAt, string folder) : IDestinationFile
    {
        private readonly Lock _gate = new();
        private long _written;
        private bool _hasTurned;

        public long ReadBackBytes { get; private set; }

        public List<(long Offset, long LengthBytes)> Dropped { get; } = [];

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            inner.Write(offset, bytes);
            lock (_gate)
            {
                _written += bytes.Length;
                if (!_hasTurned && _written >= turnsAt)
                {
                    _hasTurned = true;
                    Turn(turnsAt == sizeBytes ? sizeBytes / 2 : offset + (bytes.Length / 2));
                }
            }
        }

        public void WriteStream(Engine.Entries.AlternateStream stream, long offset, ReadOnlySpan<byte> bytes) => inner.WriteStream(stream, offset, bytes);

        public void ReadBack(long offset, Span<byte> bytes)
        {
            inner.ReadBack(offset, bytes);
            lock (_gate)
            {
                ReadBackBytes += bytes.Length;
            }
        }

        public bool TryReadBackStream(Engine.Entries.AlternateStream stream, long offset, Span<byte> bytes) => inner.TryReadBackStream(stream, offset, bytes);

        public void DropBehind(long offset, long lengthBytes)
        {
            inner.DropBehind(offset, lengthBytes);
            lock (_gate)
            {
                Dropped.Add((offset, lengthBytes));
            }
        }

        public EntryOutcome Complete() => inner.Complete();

        public void Abandon() => inner.Abandon();

        public void Dispose() => inner.Dispose();

        private void Turn(long offset)
        {
            var path = Directory.EnumerateFiles(folder, ".securebackup-*", SearchOption.AllDirectories).Single(path => new FileInfo(path).Length == sizeBytes);
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            var one = new byte[1];
            RandomAccess.Read(handle, one, offset);
            one[0] ^= 1;
            RandomAccess.Write(handle, one, offset);
        }
    }
}
