using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>Where each answer takes its time, a restore has asked for the next range before it works on the last.</summary>
public sealed class FarRestoreTests : IAsyncDisposable
{
    /// <summary>Enough for every worker to take whole ones, however many cores there are.</summary>
    private const int Packs = 40;
    private const int PackBytes = 512 * 1024;

    private readonly MemoryTarget _store = new(options: new MemoryTargetOptions { IsNear = false, ListsInOrder = true });

    private static int Workers => RestoreFetcher.Workers;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Every_worker_asks_for_the_next_range_while_it_waits_for_one()
    {
        using var scene = await FilledAsync();
        var far = new FarTarget(_store, answersFrom: 2 * Workers);

        var result = await RestoreAsync(scene, far);

        Assert.Empty(result.Faults);
        Assert.Equal(2 * Workers, far.MostAtOnce);
    }

    [Fact]
    public async Task A_pack_that_is_read_from_its_beginning_is_not_asked_for_that_by_itself()
    {
        using var scene = await FilledAsync();
        var far = new FarTarget(_store, answersFrom: 1);

        Assert.Empty((await RestoreAsync(scene, far)).Faults);

        Assert.DoesNotContain(far.Reads, static read => read.LengthBytes == PackReader.PrologueBytes);
        Assert.Equal(far.Reads.Count, far.Reads.Distinct().Count());
    }

    /// <summary>Ranges of one pack go to several workers, since none asks for three before it has one: who does not have the pack's beginning asks for that beside its own range.</summary>
    [Fact]
    public async Task A_pack_s_beginning_that_a_line_changes_once_is_read_again_from_the_store()
    {
        using var scene = await PipelineScene.CreateAsync(_store);
        scene.WriteRandom("dense.bin", 12 * 1024 * 1024, 6);
        await scene.BackUpAsync(_store);
        var far = new FarTarget(_store, answersFrom: 3) { ChangesFirstPrologue = true };

        Assert.Empty((await RestoreAsync(scene, far)).Faults);

        Assert.Equal(await File.ReadAllBytesAsync(Path.Combine(scene.SourcePath, "dense.bin"), Token), await File.ReadAllBytesAsync(Path.Combine(scene.RestorePath, "source", "dense.bin"), Token));
        var beginnings = far.Reads.Where(static read => read.LengthBytes == PackReader.PrologueBytes).ToList();
        Assert.InRange(beginnings.Count, 2, Workers + 1);
        Assert.All(beginnings, static read => Assert.Equal(0, read.Offset));
    }

    [Fact]
    public async Task No_answer_is_under_way_when_a_restore_has_failed()
    {
        using var scene = await FilledAsync();
        var far = new FarTarget(_store, answersFrom: 2 * Workers) { AnswersWithRefusal = true };

        var failure = await Assert.ThrowsAsync<TargetException>(() => RestoreAsync(scene, far));

        Assert.Equal(TargetFault.Unavailable, failure.Fault);
        Assert.Equal(0, far.UnderWay);
    }

    private static async Task<RestoreResult> RestoreAsync(PipelineScene scene, Target target)
    {
        using var vault = await scene.UnlockAsync(target);
        var snapshot = Assert.Single((await SnapshotCatalog.LoadAsync(vault, Token)).Snapshots);
        return await scene.RestoreAsync(vault, snapshot.Id);
    }

    private async Task<PipelineScene> FilledAsync()
    {
        var scene = await PipelineScene.CreateAsync(_store, PackBytes, ChunkerCatalog.Small);
        scene.WriteRandom("dense.bin", Packs * PackBytes, 5);
        await scene.BackUpAsync(_store);
        return scene;
    }

    /// <summary>Keeps the answers to reads of whole ranges of packs back until so many wait for one.</summary>
    private sealed class FarTarget(Target inner, int answersFrom) : DelegatingTarget(inner)
    {
        private readonly TaskCompletionSource _answers = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Lock _gate = new();
        private int _hasChanged;

        /// <summary>The first is refused then, and the others stay without an answer.</summary>
        internal bool AnswersWithRefusal { get; init; }

        internal bool ChangesFirstPrologue { get; init; }

        internal int UnderWay { get; private set; }

        internal int MostAtOnce { get; private set; }

        internal List<PackRead> Reads { get; } = [];

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            var isOfPack = name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal);
            if (isOfPack && destination.Length > PackBytes / 2)
            {
                await WaitAsync(cancellationToken);
            }

            lock (_gate)
            {
                Reads.AddRange(isOfPack ? [new PackRead(name, offset, destination.Length)] : []);
            }

            await base.ReadAsync(name, offset, destination, cancellationToken);
            if (ChangesFirstPrologue && destination.Length == PackReader.PrologueBytes && Interlocked.Exchange(ref _hasChanged, 1) == 0)
            {
                destination.Span[^1] ^= 1;
            }
        }

        private async Task WaitAsync(CancellationToken cancellationToken)
        {
            bool isFirst;
            lock (_gate)
            {
                isFirst = UnderWay++ == 0;
                MostAtOnce = Math.Max(MostAtOnce, UnderWay);
                if (UnderWay == answersFrom)
                {
                    _answers.TrySetResult();
                }
            }

            try
            {
                await (AnswersWithRefusal && !isFirst ? Task.Delay(Timeout.Infinite, cancellationToken) : _answers.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken));
                if (AnswersWithRefusal)
                {
                    throw new TargetException(TargetFault.Unavailable, "The store is gone.");
                }
            }
            finally
            {
                lock (_gate)
                {
                    UnderWay--;
                }
            }
        }
    }

    private readonly record struct PackRead(ObjectName Name, long Offset, int LengthBytes);
}
