using System.Runtime.CompilerServices;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>Cancels a backup at every single operation.</summary>
public sealed class CancellationTests
{
    [Fact]
    public async Task A_cancelled_run_stops_at_once_and_the_next_uses_what_it_stored()
    {
        using var scene = await CrashScene.CreateAsync();
        var full = await scene.BackUpAsync(scene.NewTrial());
        var witnesses = new List<WitnessTarget>();
        var adopted = 0L;
        var hasReachedAll = false;
        for (var n = 1; !hasReachedAll; n++)
        {
            var trial = scene.NewTrial();
            var packBytesBefore = trial.BytesOf("packs/");
            using var cancellation = new CancellationTokenSource();
            var witness = new WitnessTarget(trial.Target, cancellation.Token);
            witnesses.Add(witness);
            var target = new FaultTarget(witness, new FaultPlan(n, FaultFlavour.Cancelled) { Cancellation = cancellation });
            hasReachedAll = !await IsCancelledAsync(scene, target, trial.Host, cancellation.Token);
            witness.HasRunEnded = true;
            Assert.Equal(target.HasTripped, !hasReachedAll);

            var stored = trial.BytesOf("packs/") - packBytesBefore;
            var isWhole = trial.CountOf("snapshots/") == 2;
            var next = await scene.RequireIntactAsync(trial);
            adopted += next.PacksAdopted;

            // What stood half-filled at that moment is packed anew: a pack of data and one of pages.
            Assert.InRange(next.BytesStored, 0, isWhole ? 0 : full.BytesStored - stored + (2 * CrashScene.PackSizeBytes));
        }

        Assert.True(adopted > 0, "No run adopted anything.");
        Assert.All(witnesses, static witness => Assert.Equal((0, 0), (witness.StoredAfterCancellation, witness.OperationsAfterTheRun)));
    }

    [Fact]
    public async Task A_run_that_is_cancelled_before_it_begins_touches_nothing()
    {
        using var scene = await CrashScene.CreateAsync();
        var trial = scene.NewTrial();
        var before = trial.Target.Objects.Keys.ToList();
        using var vault = await scene.UnlockAsync(trial.Target, trial.Host);
        using var source = CrashScene.OpenSource(scene.After);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => BackupCorridor.RunAsync(
            vault, source, CrashScene.OptionsFor("shop"), RunContext.Unwatched, new CancellationToken(canceled: true)));
        Assert.Equal(before, trial.Target.Objects.Keys);
    }

    private static async Task<bool> IsCancelledAsync(CrashScene scene, Target target, string host, CancellationToken cancellationToken)
    {
        using var files = CrashScene.OpenSource(scene.After);
        var source = new WitnessSource(files);
        try
        {
            using var vault = await scene.UnlockAsync(target, host, scene.KeyPath, cancellationToken);
            await BackupCorridor.RunAsync(vault, source, CrashScene.OptionsFor("shop"), RunContext.Unwatched, cancellationToken);
            return false;
        }
        catch (OperationCanceledException)
        {
            return true;
        }
        finally
        {
            Assert.False(source.IsWalking, "The walk outlived its run.");
        }
    }

    /// <summary>Sees what happens after it should have ended.</summary>
    private sealed class WitnessTarget(Target inner, CancellationToken cancellation) : DelegatingTarget(inner)
    {
        private int _storedAfterCancellation;
        private int _operationsAfterTheRun;

        internal bool HasRunEnded { private get; set; }

        /// <summary>Writes that began after the cancellation and were carried out.</summary>
        internal int StoredAfterCancellation => Volatile.Read(ref _storedAfterCancellation);

        internal int OperationsAfterTheRun => Volatile.Read(ref _operationsAfterTheRun);

        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            var isLate = See();
            var receipt = await base.PutAsync(name, content, options, cancellationToken);
            Interlocked.Add(ref _storedAfterCancellation, isLate ? 1 : 0);
            return receipt;
        }

        public override Task DeleteManyAsync(IReadOnlyList<ObjectName> names, CancellationToken cancellationToken) => DeleteEachAsync(names, cancellationToken);

        public override async Task DeleteAsync(ObjectName name, CancellationToken cancellationToken)
        {
            var isLate = See();
            await base.DeleteAsync(name, cancellationToken);
            Interlocked.Add(ref _storedAfterCancellation, isLate ? 1 : 0);
        }

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            See();
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }

        public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
        {
            See();
            return base.StatAsync(name, cancellationToken);
        }

        public override async IAsyncEnumerable<ObjectStat> ListAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            See();
            await foreach (var stat in base.ListAsync(prefix, cancellationToken))
            {
                yield return stat;
            }
        }

        private bool See()
        {
            Interlocked.Add(ref _operationsAfterTheRun, HasRunEnded ? 1 : 0);
            return cancellation.IsCancellationRequested;
        }
    }

    private sealed class WitnessSource(ISource inner) : ISource
    {
        internal bool IsWalking { get; private set; }

        public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken)
        {
            IsWalking = true;
            try
            {
                foreach (var item in inner.Enumerate(cancellationToken))
                {
                    yield return item;
                }
            }
            finally
            {
                IsWalking = false;
            }
        }
    }
}
