using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A file that breaks off in the midst of reading is a fault of its own: those after it keep hold of their chunks in every later run.</summary>
public sealed class GivenUpFileTests
{
    private const int FileBytes = 400_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Later_runs_hold_on_to_the_packs_of_all_that_is_unchanged(bool followsNewFolder)
    {
        using var scene = await PipelineScene.CreateAsync(packSizeBytes: 64 * 1024, chunker: ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", FileBytes, seed: 1);
        scene.WriteRandom("y.bin", FileBytes, seed: 2);
        scene.WriteRandom("z.bin", FileBytes, seed: 3);
        await RunAsync(scene, breaking: null);

        scene.WriteRandom("a.bin", FileBytes, seed: 4);
        if (followsNewFolder)
        {
            Directory.CreateDirectory(Path.Combine(scene.SourcePath, "b"));
        }

        var broken = await RunAsync(scene, "a.bin");
        Assert.Equal(FaultCodes.EntryUnreadable, Assert.Single(broken.Faults).Code);
        Assert.Equal(2, broken.FilesUnchanged);

        File.Delete(Path.Combine(scene.SourcePath, "a.bin"));
        for (var run = 0; run < 3; run++)
        {
            var after = await RunAsync(scene, breaking: null);
            Assert.Equal(2, after.FilesUnchanged);
            Assert.Empty((await scene.VerifyAsync(after.Snapshot.Id)).Faults);
        }
    }

    private static async Task<BackupResult> RunAsync(PipelineScene scene, string? breaking)
    {
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        using var vault = await scene.UnlockAsync();
        using var source = scene.OpenSource();
        return await BackupCorridor.RunAsync(vault, new BreakingSource(source, breaking), PipelineScene.Options, RunContext.Unwatched, PipelineScene.Token);
    }

    private sealed class BreakingSource(ISource inner, string? name) : ISource
    {
        public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken)
        {
            foreach (var item in inner.Enumerate(cancellationToken))
            {
                yield return item.Entry is { } entry && name is not null && entry.Path.ToString().EndsWith(name, StringComparison.Ordinal) ? item with { Entry = new BreakingEntry(entry) } : item;
            }
        }
    }

    private sealed class BreakingEntry : SourceEntry
    {
        private readonly SourceEntry _inner;

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        internal BreakingEntry(SourceEntry inner)
        {
            _inner = inner;
            Path = inner.Path;
            Origin = inner.Origin;
            Metadata = inner.Metadata;
            Identity = inner.Identity;
            StatedAt = inner.StatedAt;
            TimeGranularity = inner.TimeGranularity;
        }

        public override SourceContent Open() => new BreakingContent(_inner.Open(), Path);

        public override SourceContent OpenStream(AlternateStream stream) => _inner.OpenStream(stream);
    }

    private sealed class BreakingContent(SourceContent inner, EntryPath path) : SourceContent
    {
        private int _leftBytes = FileBytes * 3 / 4;

        public override EntryMetadata Metadata => inner.Metadata;

        public override EntryIdentity Identity => inner.Identity;

        public override int Read(Span<byte> destination)
        {
            if (_leftBytes == 0)
            {
                throw new SourceFaultException(new SourceFault(FaultCodes.EntryUnreadable, path.ToString(), "A bad sector."));
            }

            var count = inner.Read(destination[..Math.Min(destination.Length, _leftBytes)]);
            _leftBytes -= count;
            return count;
        }

        public override bool IsUnchanged() => inner.IsUnchanged();

        protected override void Dispose(bool disposing) => inner.Dispose();
    }
}
