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

    /// <summary>A door to a disk on which one byte of the files named bad turns as soon as all of them is written.</summary>
    private sealed class TurningDisk(FileSystemDestination inner, string folder) : IDestination
    {
        public string DisplayName => inner.DisplayName;

        public Preparation Prepare(DestinationEntry entry) => inner.Prepare(entry);

        public IDestinationFile OpenFile(Preparation preparation)
        {
            var file = inner.OpenFile(preparation);
            return preparation.Entry.Path.ToString().EndsWith("bad.bin", StringComparison.Ordinal) ? new TurningFile(file, preparation.Entry.Metadata.SizeBytes, folder) : file;
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

    private sealed class TurningFile(IDestinationFile inner, long sizeBytes, string folder) : IDestinationFile
    {
        private long _written;

        public void Write(long offset, ReadOnlySpan<byte> bytes)
        {
            inner.Write(offset, bytes);
            if (Interlocked.Add(ref _written, bytes.Length) == sizeBytes)
            {
                Turn();
            }
        }

        public void WriteStream(Engine.Entries.AlternateStream stream, long offset, ReadOnlySpan<byte> bytes) => inner.WriteStream(stream, offset, bytes);

        public void ReadBack(long offset, Span<byte> bytes) => inner.ReadBack(offset, bytes);

        public bool TryReadBackStream(Engine.Entries.AlternateStream stream, long offset, Span<byte> bytes) => inner.TryReadBackStream(stream, offset, bytes);

        public EntryOutcome Complete() => inner.Complete();

        public void Abandon() => inner.Abandon();

        public void Dispose() => inner.Dispose();

        private void Turn()
        {
            var path = Directory.EnumerateFiles(folder, ".securebackup-*", SearchOption.AllDirectories).Single(path => new FileInfo(path).Length == sizeBytes);
            using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
            var one = new byte[1];
            RandomAccess.Read(handle, one, sizeBytes / 2);
            one[0] ^= 1;
            RandomAccess.Write(handle, one, sizeBytes / 2);
        }
    }
}
