using System.Collections.Concurrent;
using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Platform;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class PackReadingTests
{
    private const int PackBytes = 1024 * 1024;
    private const int Packs = 6;

    [Fact]
    public async Task A_check_of_what_is_near_reads_every_pack_on_a_thread_of_its_own()
    {
        using var scene = await BackedUpAsync();
        var reads = new NotingTarget(scene.Place.Target);
        scene.Place.Target = reads;

        Assert.Empty((await scene.Place.VerifyAsync(scene.Snapshot)).Faults);

        Assert.InRange(reads.Whole.Count, Packs, int.MaxValue);
        Assert.All(reads.Whole, read => Assert.False(read.IsOnPool));
    }

    [Fact]
    public async Task A_check_in_the_background_has_the_threads_that_it_was_given()
    {
        using var scene = await BackedUpAsync();
        var reads = new NotingTarget(scene.Place.Target);
        scene.Place.Target = reads;
        using var threads = new BackgroundThreads(1);

        var result = await Task.Factory.StartNew(() => scene.Place.VerifyAsync(scene.Snapshot), PipelineScene.Token, TaskCreationOptions.None, threads).Unwrap();

        Assert.Empty(result.Faults);
        Assert.InRange(reads.Whole.Count, Packs, int.MaxValue);
        Assert.Single(reads.Whole.Select(read => read.Thread).Distinct());
    }

    [Fact]
    public async Task A_pack_that_no_reader_can_read_ends_the_check_and_all_readers()
    {
        using var scene = await BackedUpAsync();
        var reads = new NotingTarget(scene.Place.Target) { Failure = new InvalidOperationException("Not of the storage.") };
        scene.Place.Target = reads;

        var thrown = await Assert.ThrowsAsync<InvalidOperationException>(() => scene.Place.VerifyAsync(scene.Snapshot));

        Assert.Same(reads.Failure, thrown);
        Assert.InRange(reads.Whole.Count, 1, Packs);
    }

    private static async Task<Scene> BackedUpAsync()
    {
        var scene = await PipelineScene.CreateAsync(packSizeBytes: PackBytes, chunker: ChunkerCatalog.Small);
        Assert.True(scene.Target.Capabilities.IsNear);
        scene.WriteRandom("a.bin", Packs * PackBytes, seed: 1);
        return new Scene(scene, (await scene.BackUpAsync()).Snapshot.Id);
    }

    private sealed record Scene(PipelineScene Place, SnapshotId Snapshot) : IDisposable
    {
        public void Dispose() => Place.Dispose();
    }

    private sealed class NotingTarget(Target inner) : DelegatingTarget(inner)
    {
        internal ConcurrentBag<(bool IsOnPool, int Thread)> Whole { get; } = [];

        internal Exception? Failure { get; init; }

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (destination.Length == PackBytes)
            {
                Whole.Add((Thread.CurrentThread.IsThreadPoolThread, Environment.CurrentManagedThreadId));
                return Failure is null ? base.ReadAsync(name, offset, destination, cancellationToken) : Task.FromException(Failure);
            }

            return base.ReadAsync(name, offset, destination, cancellationToken);
        }
    }
}
