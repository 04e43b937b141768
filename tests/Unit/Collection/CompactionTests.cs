using System.IO.Hashing;
using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

public sealed class CompactionTests : IDisposable
{
    private static readonly CollectOptions Compacting = new() { MaxUnusedPercent = 30 };

    private readonly CollectionScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task Half_empty_packs_are_rewritten_and_every_snapshot_stays_as_it_is()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "writer");
        await _scene.HalfEmptyAsync(owner, writer);
        var before = _scene.BytesOf("packs/");
        var packs = _scene.Packs;
        var total = await _scene.CollectForAsync(owner, 8, Compacting);
        Assert.NotEqual(0, total.PacksCompacted);
        Assert.True(_scene.BytesOf("packs/") < before * 3 / 4, $"{_scene.BytesOf("packs/")} of {before} bytes are left.");
        Assert.NotEmpty(packs.Except(_scene.Packs));
        Assert.NotEqual(0, _scene.CountOf("relocations/"));
        await _scene.RequireIntactAsync(owner);

        // A backup leans on what was moved by an owner, and needs nothing of what is gone.
        Assert.Equal(0, (await _scene.BackUpAsync(writer)).ChunksNew);
        await _scene.RequireIntactAsync(owner);
        await _scene.CollectForAsync(owner, 4, Compacting);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task Packs_that_the_store_is_paid_for_in_any_case_are_left_and_counted()
    {
        using var owner = await _scene.CreateAsync();
        await _scene.HalfEmptyAsync(owner, owner);
        await using var store = new PaidTarget(_scene.Target);
        using var paid = await _scene.OpenAsync(target: store);
        var young = await CollectAsync(paid, Compacting);
        Assert.Equal(0, young.PacksChosen);
        Assert.InRange(young.PacksTooYoung, 2, 100);
        Assert.Equal(0, store.PackStats);
        Assert.Equal(young.PacksTooYoung, (await CollectCorridor.PlanAsync(paid, Compacting, Token)).PacksTooYoung);

        _scene.Time.Advance(90 * Day);
        var old = await CollectAsync(paid, Compacting);
        Assert.NotEqual(0, old.PacksChosen);
        Assert.Equal(0, old.PacksTooYoung);
    }

    [Fact]
    public async Task A_bit_changed_on_the_way_keeps_no_pack_from_being_compacted()
    {
        using var owner = await _scene.CreateAsync();
        await _scene.HalfEmptyAsync(owner, owner);
        var packs = _scene.Packs.Count;
        using var far = await _scene.OpenAsync(target: new FarTarget(_scene.Target));
        Assert.NotEqual(0, (await _scene.CollectForAsync(far, 8, Compacting)).PacksCompacted);
        Assert.DoesNotContain(_scene.Sink.Codes, static code => code == FaultCodes.PackUnmovable);
        Assert.InRange(_scene.Packs.Count, 1, packs);
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task Relocations_go_when_no_snapshot_names_an_old_pack()
    {
        using var owner = await _scene.CreateAsync();
        await _scene.HalfEmptyAsync(owner, owner);
        var old = _scene.Expected.Keys.ToArray();
        await _scene.CollectForAsync(owner, 6, Compacting);
        Assert.NotEqual(0, _scene.CountOf("relocations/"));
        await _scene.BackUpAsync(owner);
        await _scene.RemoveAsync(owner, old);
        await _scene.CollectForAsync(owner, 8);
        Assert.Equal(0, _scene.CountOf("relocations/"));
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task An_old_pack_stays_for_a_grace_time_for_those_who_read_by_the_index_as_it_was()
    {
        using var owner = await _scene.CreateAsync();
        await _scene.HalfEmptyAsync(owner, owner);
        await CollectAsync(owner, Compacting);
        using var index = await ChunkIndexLoader.OpenForReadingAsync(owner, owner.Self, NullSink.Instance, Token);
        _scene.Time.Advance(Day);
        var snapshot = Assert.Single((await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots);
        var before = (await ReferenceSet.ReadAllAsync(owner, snapshot, Token)).ToHashSet();
        Assert.NotEqual(0, (await CollectAsync(owner, Compacting)).PacksCompacted);
        _scene.Time.Advance(TimeSpan.FromHours(12));
        await CollectAsync(owner, Compacting);
        Assert.Subset(_scene.Packs, before);
        await _scene.CollectForAsync(owner, 4);
        Assert.NotEmpty(before.Except(_scene.Packs));
        await _scene.RequireIntactAsync(owner);
    }

    [Fact]
    public async Task Subjects_frames_move_with_their_inner_seal_untouched()
    {
        using var owner = await _scene.CreateAsync();
        using var compressors = new CompressorCatalog();
        var payload = new byte[500];
        new Random(4).NextBytes(payload);
        var subject = new ChunkId(Id256.Random());
        var plain = new byte[300];
        using var builder = new PackBuilder(SegmentSealings.PacksOf(owner));
        Assert.True(builder.TryAdd(FrameOf(subject, payload), out _));
        var own = owner.Keys.ChunkId.IdOf(DomainId.Vault, plain);
        Assert.True(builder.TryAdd(new ChunkFrame { Chunk = own, PlainBytes = plain.Length, Compression = CompressionId.Stored, Payload = plain, Checksum = XxHash3.HashToUInt64(plain) }, out _));
        using var pack = builder.Finish(isFull: false);
        await owner.Store.PutAsync(pack.Record.Name, pack.Bytes.ToArray(), Token);

        using var compacting = await CompactingAsync(owner);
        using var output = new CompactedPacks(compacting.Run);
        using var mover = new FrameMover(owner.RequireReader(), await compacting.LiveAsync(subject, own), output);
        await mover.MoveAsync(pack.Record, NullSink.Instance, Token);
        await output.FinishAsync(Token);
        var moved = Assert.Single(output.Stored);
        Assert.Equal([(pack.Record.Id, moved.Record.Id)], mover.MovesTo(output));
        var bytes = _scene.Target.Objects[moved.Record.Name].ToArray();
        var header = PackReader.ReadHeader(owner.Id, moved.Record.Id, bytes);
        using var reader = PackReader.Open(header, bytes, owner.RequireReader().IdentityOf(header.Epoch), new ChunkKeys(owner.Keys.ChunkId, compressors));
        var entry = moved.Entries.Single(entry => entry.Chunk == subject);
        Assert.Equal(ChunkSealing.Subject, entry.Sealing);
        using var opened = reader.OpenFrame(entry, bytes.AsSpan(entry.OffsetBytes, entry.FrameBytes));
        Assert.Equal(payload, opened.Span.ToArray());
    }

    [Fact]
    public async Task A_damaged_pack_is_left_as_it_is_and_a_damaged_listing_stops_it()
    {
        using var owner = await _scene.CreateAsync();
        await _scene.HalfEmptyAsync(owner, owner);
        await CollectAsync(owner, Compacting);
        _scene.Time.Advance(Day);
        var marked = (await CondemnedMarkers.StandingAsync(owner, Token)).SelectMany(static marker => marker.Marker.Packs).ToList();
        var sound = marked.ToDictionary(static pack => pack, pack => _scene.Target.Objects[ObjectNames.Pack(pack)].ToArray());
        foreach (var (pack, good) in sound)
        {
            var bad = (byte[])good.Clone();
            for (var at = PackLayout.PrologueBytes; at < bad.Length; at += 1000)
            {
                bad[at] ^= 1;
            }

            _scene.Target.Replace(ObjectNames.Pack(pack), bad);
        }

        Assert.Equal(0, (await CollectAsync(owner, Compacting)).PacksCompacted);
        Assert.Contains(FaultCodes.PackUnmovable, _scene.Sink.Codes);
        foreach (var (pack, good) in sound)
        {
            _scene.Target.Replace(ObjectNames.Pack(pack), good);
        }

        await _scene.RequireIntactAsync(owner);
        foreach (var segment in _scene.Target.Objects.Keys.Where(static name => name.Value.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            _scene.Target.Remove(segment);
        }

        Assert.DoesNotContain(FaultCodes.CompactionStopped, _scene.Sink.Codes);
        Assert.Equal(0, (await CollectAsync(owner, Compacting)).PacksCompacted);
        Assert.Contains(FaultCodes.CompactionStopped, _scene.Sink.Codes);
    }

    [Fact]
    public async Task A_plan_says_what_is_then_chosen_and_moved()
    {
        using var owner = await _scene.CreateAsync();
        await _scene.HalfEmptyAsync(owner, owner);
        var before = _scene.Target.Objects.Keys.ToList();
        var plan = await CollectCorridor.PlanAsync(owner, Compacting, Token);
        Assert.Equal(before, _scene.Target.Objects.Keys);
        var run = await CollectAsync(owner, Compacting);
        Assert.NotEqual(0, run.PacksChosen);
        Assert.Equal((run.PacksChosen, run.BytesChosen, 0, 0), (plan.PacksChosen, plan.BytesChosen, plan.PacksCompacted, plan.BytesRewritten));
        _scene.Time.Advance(Day);
        plan = await CollectCorridor.PlanAsync(owner, Compacting, Token);
        run = await CollectAsync(owner, Compacting);
        Assert.NotEqual(0, run.PacksCompacted);
        Assert.Equal(run.PacksCompacted, plan.PacksCompacted);
        Assert.InRange(run.BytesRewritten, plan.BytesRewritten, plan.BytesRewritten * 3 / 2);
        Assert.Equal((0, 0), ((await CollectCorridor.PlanAsync(owner, CollectOptions.Default, Token)).PacksCompacted, plan.PacksChosen));
    }

    [Fact]
    public async Task A_list_under_a_subjects_key_keeps_that_subjects_frames_and_nothing_else()
    {
        using var owner = await _scene.CreateAsync();
        var records = RecordScene.Members(5, 1).Append(("giant", new string('x', 100) + Convert.ToHexString(new Random(3).GetItems([.. Enumerable.Range(0, 256).Select(static value => (byte)value)], 200_000)))).ToList();
        var kept = await RecordScene.BackUpAsync(owner, _scene["spill"], records);
        await _scene.HalfEmptyAsync(owner, owner);
        Assert.NotEqual(0, (await _scene.CollectForAsync(owner, 8, Compacting)).PacksCompacted);
        var catalog = await SnapshotCatalog.LoadAsync(owner, Token);
        RecordScene.RequireSame(records, (await RecordScene.ReadAsync(owner, catalog.Resolve(kept.Snapshot.Id.ToString()))).Records);
        using var kit = await CompactingAsync(owner);
        var live = await kit.LiveAsync();
        await live.WalkAsync(catalog.Snapshots, static () => true, Token);
        Assert.True(live.HasSealedLists);
        var files = Assert.Single(catalog.Snapshots, snapshot => snapshot.Id != kept.Snapshot.Id);
        Assert.Equal(_scene.Expected[files.Id], await ReadBackAsync(owner, files));
    }

    [Fact]
    public async Task It_takes_a_key_that_reads()
    {
        using var owner = await _scene.CreateAsync();
        using var writer = await _scene.OpenWriterAsync(owner, "writer");
        Assert.Equal(FaultCodes.CompactionNeedsReader, CompactionRefusalOf(owner, writer));
    }

    /// <summary>A writer is no maintainer, so the question is asked of the rule alone.</summary>
    private static FaultCode CompactionRefusalOf(UnlockedVault owner, UnlockedVault writer)
    {
        Assert.True(owner.IsReader);
        return Assert.Throws<RequestException>(() => CollectCorridor.RequireReader(writer, Compacting)).Code;
    }

    private static ChunkFrame FrameOf(ChunkId chunk, byte[] payload) =>
        new() { Chunk = chunk, PlainBytes = payload.Length - SubjectSeal.OverheadBytes, Compression = CompressionId.Stored, Sealing = ChunkSealing.Subject, Payload = payload, Checksum = XxHash3.HashToUInt64(payload) };

    private async Task<CompactionKit> CompactingAsync(UnlockedVault owner)
    {
        var view = await CollectView.TakeAsync(owner, StoreClock.Guess(owner), Token);
        return new CompactionKit(owner, new CollectRun(owner, Compacting, RunContext.Unwatched, view));
    }

    private sealed class CompactionKit(UnlockedVault owner, CollectRun run) : IDisposable
    {
        private Engine.Index.ChunkIndex? _index;
        private ChunkFetcher? _fetcher;

        internal CollectRun Run => run;

        /// <summary>As if a listing had named these.</summary>
        internal async Task<LiveFrames> LiveAsync(params ChunkId[] needed)
        {
            _index = await ChunkIndexLoader.OpenForReadingAsync(owner, owner.Self, NullSink.Instance, Token);
            _fetcher = new ChunkFetcher(owner.RequireReader(), _index);
            var live = new LiveFrames(owner.RequireReader(), _index, _fetcher, static _ => true);
            foreach (var chunk in needed)
            {
                live.Need(chunk);
            }

            return live;
        }

        public void Dispose()
        {
            _fetcher?.Dispose();
            _index?.Dispose();
        }
    }

    /// <summary>Over a line that changes a bit in the first reading of each whole pack.</summary>
    private sealed class FarTarget(Target inner) : DelegatingTarget(inner)
    {
        private readonly HashSet<ObjectName> _read = [];

        public override TargetCapabilities Capabilities => base.Capabilities with { IsNear = false };

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            await base.ReadAsync(name, offset, destination, cancellationToken);
            if (name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal) && offset == 0 && destination.Length == (await StatAsync(name, cancellationToken))!.LengthBytes && _read.Add(name))
            {
                destination.Span[destination.Length / 2] ^= 4;
            }
        }
    }

    private sealed class PaidTarget(Target inner) : DelegatingTarget(inner)
    {
        /// <summary>How many packs were asked for one by one.</summary>
        internal int PackStats { get; private set; }

        public override TargetCapabilities Capabilities => base.Capabilities with { MinStorageTime = TimeSpan.FromDays(90) };

        public override Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
        {
            PackStats += name.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal) ? 1 : 0;
            return base.StatAsync(name, cancellationToken);
        }
    }
}
