using System.Runtime.Versioning;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>An interrupted restore in place goes on where it ended, and trusts no note that does not fit what stands there.</summary>
[SupportedOSPlatform("linux")]
public sealed class RestoreJournalTests
{
    private const int Files = 2500;

    public RestoreJournalTests()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Change times of Linux are trusted.");
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_was_finished_is_not_read_again()
    {
        using var scene = await PreparedAsync();
        var backup = await scene.BackUpAsync();
        var reads = new Counter { StopsAfter = 2000 };
        await Assert.ThrowsAsync<DestinationException>(() => RestoreAsync(scene, backup, reads));
        Assert.Equal(2000, reads.Opened);

        var second = new Counter();
        var result = await RestoreAsync(scene, backup, second);

        Assert.Empty(result.Faults);
        Assert.Equal(Files - 1024, second.Opened);
        var third = new Counter();
        await RestoreAsync(scene, backup, third);
        Assert.Equal(Files, third.Opened);
    }

    [Fact]
    public async Task A_file_that_changed_since_is_read_again_however_it_was_changed()
    {
        using var scene = await PreparedAsync();
        var backup = await scene.BackUpAsync();
        await Assert.ThrowsAsync<DestinationException>(() => RestoreAsync(scene, backup, new Counter { StopsAfter = 2000 }));
        var victim = Path.Combine(scene.SourcePath, "00001");
        var (time, content) = (File.GetLastWriteTimeUtc(victim), await File.ReadAllBytesAsync(victim, Token));
        var spoilt = content.ToArray();
        spoilt[3] ^= 1;
        await File.WriteAllBytesAsync(victim, spoilt, Token);
        File.SetLastWriteTimeUtc(victim, time);

        var result = await RestoreAsync(scene, backup, new Counter());

        Assert.Empty(result.Faults);
        Assert.Equal(content, await File.ReadAllBytesAsync(victim, Token));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(33)]
    [InlineData(0)]
    public async Task A_torn_or_forged_note_counts_for_nothing(int tornBytes)
    {
        using var scene = await PreparedAsync();
        var backup = await scene.BackUpAsync();
        await Assert.ThrowsAsync<DestinationException>(() => RestoreAsync(scene, backup, new Counter { StopsAfter = 2000 }));
        var journal = Assert.Single(Directory.GetFiles(scene.HostPath, "*", SearchOption.AllDirectories), path => path.Contains("restores", StringComparison.Ordinal));
        var lines = await File.ReadAllBytesAsync(journal, Token);
        Assert.Equal(1024 * 32, lines.Length);
        Assert.DoesNotContain("0000", System.Text.Encoding.Latin1.GetString(lines), StringComparison.Ordinal);
        if (tornBytes > 0)
        {
            await File.WriteAllBytesAsync(journal, lines[..^tornBytes], Token);
        }
        else
        {
            new Random(1).NextBytes(lines);
            await File.WriteAllBytesAsync(journal, lines, Token);
        }

        var reads = new Counter();
        var result = await RestoreAsync(scene, backup, reads);

        Assert.Empty(result.Faults);
        Assert.Equal(tornBytes == 0 ? Files : Files - 1024 + ((tornBytes + 31) / 32), reads.Opened);
    }

    [Fact]
    public async Task What_is_noted_after_a_torn_line_counts_as_well()
    {
        using var scene = await PreparedAsync();
        var backup = await scene.BackUpAsync();
        await Assert.ThrowsAsync<DestinationException>(() => RestoreAsync(scene, backup, new Counter { StopsAfter = 1500 }));
        var journal = Note(scene)!;
        await File.WriteAllBytesAsync(journal, (await File.ReadAllBytesAsync(journal, Token))[..^5], Token);

        await Assert.ThrowsAsync<DestinationException>(() => RestoreAsync(scene, backup, new Counter { StopsAfter = 1200 }));

        Assert.DoesNotContain(scene.Sink.Events, static item => item.Code == FaultCodes.HostStateUnusable);
        Assert.Equal(0, new FileInfo(journal).Length % 32);
        var third = new Counter();
        await RestoreAsync(scene, backup, third);
        Assert.Equal(Files - 2048, third.Opened);
    }

    /// <summary>Else content that rots under a stamp which stays the same would never be read again.</summary>
    [Fact]
    public async Task A_restore_that_comes_to_its_end_forgets_the_note_whatever_it_lists()
    {
        using var scene = await PreparedAsync();
        var backup = await scene.BackUpAsync();

        var result = await RestoreAsync(scene, backup, new Counter { LacksAttributes = true });

        Assert.Equal(FaultCodes.AttributeNotRestored, Assert.Single(result.Faults).Code);
        Assert.Null(Note(scene));
        var second = new Counter();
        await RestoreAsync(scene, backup, second);
        Assert.Equal(Files, second.Opened);
    }

    [Fact]
    public async Task Files_that_are_whole_when_the_plan_of_others_fails_are_told_and_noted()
    {
        // The first batch is full with 512 files, the last of which goes on in the next; it is written while that one is planned.
        const int batch = 511;
        using var scene = await PreparedAsync(batch + 100);
        var backup = await scene.BackUpAsync();
        foreach (var file in Directory.GetFiles(scene.SourcePath))
        {
            File.Delete(file);
        }

        var told = new List<RestoredEntry>();
        await Assert.ThrowsAsync<DestinationException>(() => RestoreAsync(scene, backup, new Counter { StopsAfterNames = batch + 50 }, told.Add));

        Assert.Equal(batch, Directory.GetFiles(scene.SourcePath).Length);
        Assert.Equal(batch, told.Count(static entry => entry is { Kind: EntryKind.File, Verdict: RestoreVerdict.Restored }));
        var second = new Counter();
        Assert.Empty((await RestoreAsync(scene, backup, second)).Faults);
        Assert.Equal(0, second.Opened);
    }

    private static string? Note(PipelineScene scene) =>
        Directory.GetFiles(scene.HostPath, "*", SearchOption.AllDirectories).SingleOrDefault(static path => path.Contains("restores", StringComparison.Ordinal));

    private static async Task<PipelineScene> PreparedAsync(int files = Files)
    {
        var scene = await PipelineScene.CreateAsync();
        for (var i = 0; i < files; i++)
        {
            scene.WriteRandom($"{i:D5}", 20, seed: i);
        }

        return scene;
    }

    private static async Task<RestoreResult> RestoreAsync(PipelineScene scene, BackupResult backup, Counter counter, Action<RestoredEntry>? listener = null)
    {
        using var vault = await scene.UnlockAsync();
        var catalog = await SnapshotCatalog.LoadAsync(vault, Token);
        var request = new RestoreRequest(vault.RequireReader(), catalog.Resolve(backup.Snapshot.Id.ToString())) { KeepsJournal = true, OnEntry = listener };
        await using var door = new CountingDoor(FileSystemDestination.Open(scene.Folder.FullPath, new DestinationOptions { InPlace = true }), counter);
        return await RestoreCorridor.RunAsync(request, door, new RunContext(new ProgressCounters(), scene.Sink), Token);
    }

    private sealed class Counter
    {
        private int _opened;
        private int _names;

        public int Opened => _opened;

        public int StopsAfter { get; init; } = int.MaxValue;

        /// <summary>Entries that are looked at, whether anything stands there or not.</summary>
        public int StopsAfterNames { get; init; } = int.MaxValue;

        /// <summary>One file lacks an attribute, as most do that an ordinary user restores.</summary>
        public bool LacksAttributes { get; init; }

        public void Count() => Count(ref _opened, StopsAfter);

        public void CountName() => Count(ref _names, StopsAfterNames);

        private static void Count(ref int count, int most)
        {
            if (Interlocked.Increment(ref count) > most)
            {
                Interlocked.Decrement(ref count);
                throw new DestinationException(FaultCodes.DestinationFailed, "The machine was switched off.");
            }
        }
    }

    /// <summary>Counts the files that are read, and ends the restore after so many.</summary>
    private sealed class CountingDoor(FileSystemDestination inner, Counter counter) : IDestination
    {
        public string DisplayName => inner.DisplayName;

        public Preparation Prepare(DestinationEntry entry)
        {
            counter.CountName();
            return inner.Prepare(entry);
        }

        public IDestinationFile OpenFile(Preparation preparation) => inner.OpenFile(preparation);

        public EntryOutcome PutFile(Preparation preparation, ReadOnlySpan<byte> content, bool readsBack) => inner.PutFile(preparation, content, readsBack);

        public IStandingFile? OpenStanding(Preparation preparation)
        {
            counter.Count();
            return inner.OpenStanding(preparation);
        }

        public EntryOutcome? Settle(Preparation preparation, StandingStamp seen) =>
            inner.Settle(preparation, seen) is not { } outcome ? null
            : counter.LacksAttributes && preparation.Entry.Path.ToString().EndsWith("/00007", StringComparison.Ordinal)
                ? outcome with { Faults = FileSystemDestination.ListMissing(preparation.Entry, ["owner"]) }
                : outcome;

        public EntryOutcome Link(Preparation preparation) => inner.Link(preparation);

        public EntryOutcome CompleteFolder(Preparation preparation) => inner.CompleteFolder(preparation);

        public bool IsMountPoint(EntryPath folder) => inner.IsMountPoint(folder);

        public DestinationFault? Remove(EntryPath path, EntryMetadata seen, EntryIdentity identity) => inner.Remove(path, seen, identity);

        public Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
