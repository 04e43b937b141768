using System.Collections.Concurrent;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Stages;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Tests.Unit.Collection;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>Small files are read before their turn, several at a time; what is odd about one is found in its turn, as if nobody had looked before.</summary>
public sealed class SmallFileTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Each waits until as many are open as can be: by one after the other it would wait in vain.</summary>
    [Fact]
    public async Task Several_are_open_at_once_also_in_one_folder()
    {
        using var scene = await PipelineScene.CreateAsync();
        var readers = SmallFileReader.Readers;
        for (var file = 0; file < 64; file++)
        {
            scene.WriteRandom($"{file:D2}", 100, seed: file);
        }

        using var open = new CountdownEvent(readers);
        var met = new ConcurrentQueue<bool>();
        var result = await RunAsync(scene, (_, inner) =>
        {
            if (!open.IsSet)
            {
                open.Signal();
            }

            met.Enqueue(open.Wait(Patience, PipelineScene.Token));
            return inner();
        });

        Assert.True(readers > 1, $"{readers} readers");
        Assert.DoesNotContain(false, met);
        Assert.Empty(result.Faults);
        Assert.Empty((await scene.VerifyAsync(result.Snapshot.Id)).Faults);
    }

    [Fact]
    public async Task In_the_background_as_few_are_open_as_there_are_processors_for_it()
    {
        var readers = 0;
        await new RunLimits { IsInBackground = true }.RunAsync(() =>
        {
            readers = SmallFileReader.Readers;
            return Task.CompletedTask;
        });

        Assert.Equal(Math.Clamp(Environment.ProcessorCount / 4, 1, 8), readers);
    }

    /// <summary>The first look fails or shows a change, the second finds the file in order.</summary>
    [Theory]
    [InlineData(Oddity.Refused)]
    [InlineData(Oddity.BreaksOff)]
    [InlineData(Oddity.Changes)]
    [InlineData(Oddity.Shrinks)]
    [InlineData(Oddity.Grows)]
    public async Task What_was_odd_once_is_read_again_and_listed_without_a_fault(Oddity oddity)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a", 5_000, seed: 1);
        scene.WriteRandom("b", 5_000, seed: 2);
        var looks = 0;
        var result = await RunAsync(scene, (entry, inner) =>
            Is(entry, "b") && Interlocked.Increment(ref looks) == 1 ? Odd(entry, inner, oddity) : inner());

        Assert.Equal(2, looks);
        Assert.Empty(result.Faults);
        Assert.Equal((2, 10_000L), (result.FilesNew, result.Snapshot.Summary.ContentBytes));
        await RequireSameAsync(scene, result);
    }

    [Fact]
    public async Task What_cannot_be_read_is_one_fault_and_its_neighbours_are_listed()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a", 5_000, seed: 1);
        scene.WriteRandom("b", 5_000, seed: 2);
        scene.WriteRandom("c", 5_000, seed: 3);
        var result = await RunAsync(scene, (entry, inner) => Is(entry, "b") ? Odd(entry, inner, Oddity.Refused) : inner());

        Assert.Equal(FaultCodes.EntryUnreadable, Assert.Single(result.Faults).Code);
        Assert.Equal((2, 10_000L), (result.FilesNew, result.Snapshot.Summary.ContentBytes));
    }

    /// <summary>One look fails, so that the stage that reads in turn takes one of two equal files: both have the chunks of the first run.</summary>
    [Fact]
    public async Task A_file_is_cut_alike_whoever_reads_it()
    {
        const int length = 60_000;
        const int mostPages = 4;
        using var scene = await PipelineScene.CreateAsync(chunker: ChunkerCatalog.Small);
        scene.WriteRandom("a", length, seed: 5);
        var alone = await RunAsync(scene, static (_, inner) => inner());

        scene.WriteRandom("b", length, seed: 5);
        var looks = 0;
        var both = await RunAsync(scene, (entry, inner) => Is(entry, "b") && Interlocked.Increment(ref looks) == 1 ? Odd(entry, inner, Oddity.Refused) : inner());

        Assert.Equal(2, looks);
        Assert.Equal(length, alone.BytesRead);
        Assert.InRange(alone.ChunksNew, (length / 16_384) + mostPages + 1, 64 + mostPages);
        Assert.InRange(both.ChunksKnown, 2 * (alone.ChunksNew - mostPages), long.MaxValue);
        await RequireSameAsync(scene, both);
    }

    [Fact]
    public async Task What_the_last_run_has_listed_is_not_opened_and_what_changed_since_is()
    {
        using var scene = await PipelineScene.CreateAsync();
        for (var file = 0; file < 20; file++)
        {
            scene.WriteRandom($"{file:D2}", 1_000, seed: file);
        }

        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        await RunAsync(scene, static (_, inner) => inner());
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        scene.WriteRandom("07", 1_000, seed: 100);
        File.SetLastWriteTimeUtc(Path.Combine(scene.SourcePath, "07"), DateTime.UtcNow.AddMinutes(3));
        var opened = new ConcurrentQueue<string>();
        var second = await RunAsync(scene, (entry, inner) =>
        {
            opened.Enqueue(EntryName.ToDisplay(entry.Path.Name.ToArray()));
            return inner();
        });

        Assert.Equal(["07"], opened);
        Assert.Equal((19, 1, 1_000L), (second.FilesUnchanged, second.FilesChanged, second.BytesRead));
        await RequireSameAsync(scene, second);
    }

    /// <summary>Of what has settled, the listing may know all or, as of a folder that came into the data set, nothing.</summary>
    [Fact]
    public void What_has_settled_waits_for_the_listing_unless_that_did_not_know_the_last_ones()
    {
        var files = new SortedDictionary<string, (byte[] Bytes, long Version)>(StringComparer.Ordinal) { ["a"] = ([1], 1) };
        var batch = new MemorySource(files).Enumerate(PipelineScene.Token).ToList();
        var reader = new SmallFileReader(null!, ChunkerCatalog.Create(ChunkerCatalog.Default, new byte[32]), null!, new UnchangedRule(new Timestamp(1_500_000, 0), TrustsMissingChangeTime: false));

        for (var unknown = 0; unknown < 32; unknown++)
        {
            Assert.False(IsTaken(), $"after {unknown} unknown files");
            reader.See(isKnown: false);
        }

        Assert.True(IsTaken());
        reader.See(isKnown: true);
        Assert.False(IsTaken());

        bool IsTaken()
        {
            var next = new EntryBatch(batch);
            reader.Take(next);
            return !next.WhenWholeAsync(PipelineScene.Token).IsCompleted;
        }
    }

    /// <summary>Behind a folder that came in, known files are read in vain: they are unchanged all the same, and counted once.</summary>
    [Fact]
    public async Task What_was_read_early_in_vain_is_as_if_nobody_had_looked()
    {
        const int files = 1_500;
        using var scene = await PipelineScene.CreateAsync();
        for (var file = 0; file < files; file++)
        {
            scene.Write($"known/{file:D4}", "known"u8);
            scene.Write($"../elsewhere/{file:D4}", "new"u8);
        }

        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        await RunAsync(scene, static (_, inner) => inner());
        Directory.Move(scene.Folder["elsewhere"], Path.Combine(scene.SourcePath, "came"));
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var opened = 0;
        var second = await RunAsync(scene, (_, inner) =>
        {
            Interlocked.Increment(ref opened);
            return inner();
        });

        Assert.InRange(opened, files, 2 * files);
        Assert.Equal((files, files, files * 3L), (second.FilesUnchanged, second.FilesNew, second.BytesRead));
        Assert.Equal(files * 8L, second.Snapshot.Summary.ContentBytes);
        Assert.Empty((await scene.VerifyAsync(second.Snapshot.Id)).Faults);
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        Assert.Equal(2 * files, (await RunAsync(scene, static (_, inner) => inner())).FilesUnchanged);
    }

    [Fact]
    public async Task An_attribute_that_could_not_be_read_is_one_fault_of_a_file_that_is_listed()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a", 5_000, seed: 1);
        var looks = 0;
        var result = await RunAsync(scene, (entry, inner) =>
        {
            looks++;
            return new OddContent(inner(), entry.Path, Oddity.None) { AttributeFault = new SourceFault(FaultCodes.AttributeUnreadable, entry.Path.ToString(), "Refused.") };
        });

        Assert.Equal(1, looks);
        Assert.Equal(FaultCodes.AttributeUnreadable, Assert.Single(result.Faults).Code);
        Assert.Equal(1, result.FilesNew);
        await RequireSameAsync(scene, result);
    }

    [Fact]
    public async Task A_run_that_is_cancelled_while_files_are_open_ends()
    {
        using var scene = await PipelineScene.CreateAsync();
        for (var file = 0; file < 100; file++)
        {
            scene.WriteRandom($"{file:D3}", 100, seed: file);
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(PipelineScene.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => RunAsync(
            scene,
            (_, inner) =>
            {
                stop.Cancel();
                return inner();
            },
            stop.Token));
    }

    private static bool Is(SourceEntry entry, string name) => entry.Path.ToString().EndsWith('/' + name, StringComparison.Ordinal);

    private static OddContent Odd(SourceEntry entry, Func<SourceContent> inner, Oddity oddity) => oddity == Oddity.Refused
        ? throw new SourceFaultException(new SourceFault(FaultCodes.EntryUnreadable, entry.Path.ToString(), "Refused."))
        : new OddContent(inner(), entry.Path, oddity);

    private static async Task<BackupResult> RunAsync(PipelineScene scene, Func<SourceEntry, Func<SourceContent>, SourceContent> open, CancellationToken? cancellationToken = null)
    {
        using var vault = await scene.UnlockAsync();
        using var source = scene.OpenSource();
        return await BackupCorridor.RunAsync(
            vault, new WatchedSource(source, open), PipelineScene.Options, new RunContext(new ProgressCounters(), scene.Sink), cancellationToken ?? PipelineScene.Token);
    }

    private static async Task RequireSameAsync(PipelineScene scene, BackupResult result)
    {
        Assert.Empty((await scene.RestoreAsync(result.Snapshot.Id)).Faults);
        var restored = Directory.EnumerateFiles(scene.RestorePath, "*", SearchOption.AllDirectories).ToDictionary(static path => Path.GetFileName(path), File.ReadAllBytes, StringComparer.Ordinal);
        var source = Directory.EnumerateFiles(scene.SourcePath).ToDictionary(static path => Path.GetFileName(path), File.ReadAllBytes, StringComparer.Ordinal);
        Assert.Equal(source, restored);
    }
}
