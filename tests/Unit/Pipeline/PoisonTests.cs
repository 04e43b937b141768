using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What a stolen writer's key, or storage, can plant costs nobody else's files.</summary>
public sealed class PoisonTests
{
    [Fact]
    public async Task Forged_lengths_of_chunks_in_a_stolen_writers_segment_change_no_restored_byte()
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target);
        scene.WriteRandom("a.bin", 8_000_000, seed: 1);
        using var owner = await scene.UnlockAsync();
        using var thief = await OpenWriterAsync(scene, owner, "thief");
        using var victim = await OpenWriterAsync(scene, owner, "victim");
        var backup = await scene.BackUpAsync(victim);

        // Two chunks whose lengths are wrong by as much in both directions: the sum, which the size is compared with, stays right.
        var chunks = await LocationsAsync(owner);
        var large = chunks.Where(chunk => chunk.Entry.PlainBytes > 200_000).Take(2).ToList();
        Assert.Equal(2, large.Count);
        var pack = new PackRecord(new PackId(Id256.Random()), default, thief.Self, 16 * 1024 * 1024, 2);
        PackEntry[] forged = [Forged(large[0], 0, -1000), Forged(large[1], 1, +1000)];
        PlantBefore(target, SegmentSealings.Of(thief), pack, forged);

        Assert.Empty((await scene.VerifyAsync(backup.Snapshot.Id)).Faults);
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_stolen_writers_word_on_anothers_pack_makes_no_check_fail(bool liesAboutLength)
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target);
        scene.WriteRandom("a.bin", 100_000, seed: 1);
        using var owner = await scene.UnlockAsync();
        using var thief = await OpenWriterAsync(scene, owner, "thief");
        using var victim = await OpenWriterAsync(scene, owner, "victim");
        var backup = await scene.BackUpAsync(victim);
        foreach (var group in (await LocationsAsync(owner)).GroupBy(chunk => chunk.Pack.Id))
        {
            var real = group.First();
            var lie = liesAboutLength ? real.Pack with { LengthBytes = real.Pack.LengthBytes + 4096 } : real.Pack with { Sha256 = ContentHash.Of([1]) };
            PlantBefore(target, SegmentSealings.Of(thief), lie with { Writer = thief.Self }, [real.Entry]);
        }

        Assert.Empty((await scene.VerifyAsync(backup.Snapshot.Id, readsData: false)).Faults);
        Assert.Empty((await scene.VerifyAsync(backup.Snapshot.Id)).Faults);
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
    }

    [Theory]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(12)]
    public async Task A_flipped_version_flag_or_epoch_of_one_pack_costs_only_its_files(int at)
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target, packSizeBytes: 5 * 1024 * 1024);
        scene.WriteRandom("a.bin", 6_000_000, seed: 1);
        scene.WriteRandom("z.bin", 6_000_000, seed: 2);
        var backup = await scene.BackUpAsync();
        var name = target.Objects.Where(pair => pair.Value.Length == 5 * 1024 * 1024).MinBy(pair => pair.Key).Key;
        var bytes = target.Objects[name].ToArray();
        bytes[at] ^= 4;
        target.Replace(name, bytes);

        Assert.Contains((await scene.VerifyAsync(backup.Snapshot.Id)).Faults, fault => string.Equals(fault.Path, name.Value, StringComparison.Ordinal));
        var restore = await scene.RestoreAsync(backup.Snapshot.Id);
        Assert.All(restore.Faults, fault => Assert.Equal(FaultCodes.ChunkUnreadable, fault.Code));
        Assert.InRange(restore.Faults.Count, 1, 2);
    }

    [Fact]
    public async Task A_check_of_the_structure_names_a_lost_identity_stream()
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target);
        scene.WriteRandom("a.bin", 100_000, seed: 1);
        using var owner = await scene.UnlockAsync();
        var backup = await scene.BackUpAsync(owner);
        var identities = Assert.Single(owner.RequireReader().OpenOwnerPart(backup.Snapshot).Identities.Ids);
        var groups = (await LocationsAsync(owner)).GroupBy(chunk => chunk.Pack).ToList();
        var builder = new IndexSegmentBuilder();
        foreach (var group in groups)
        {
            Assert.True(builder.TryAdd(group.Key, [.. group.Select(chunk => chunk.Entry).Where(entry => entry.Chunk != identities)]));
        }

        foreach (var segment in target.Objects.Keys.Where(key => key.Value.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            target.Remove(segment);
        }

        Plant(target, builder, SegmentSealings.Of(owner));
        var fault = Assert.Single((await scene.VerifyAsync(backup.Snapshot.Id, readsData: false)).Faults);
        Assert.Equal((FaultCodes.ChunkMissing, "(identity stream)"), (fault.Code, fault.Path));
    }

    [Fact]
    public async Task A_damaged_cache_of_chunk_ids_costs_a_slower_run_and_no_backup()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a.bin", 3_000_000, seed: 1);
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        await scene.BackUpAsync();
        var ids = Assert.Single(Directory.GetFiles(scene.HostPath, "*.ids", SearchOption.AllDirectories));
        var bytes = File.ReadAllBytes(ids);
        bytes[^1] ^= 1;
        File.WriteAllBytes(ids, bytes);
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var second = await scene.BackUpAsync();
        Assert.Equal((1, 0), (second.FilesChanged, second.FilesUnchanged));
        Assert.Contains(scene.Sink.Events, item => item.Message.Contains("listing cache is damaged", StringComparison.Ordinal));
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        Assert.Equal(1, (await scene.BackUpAsync()).FilesUnchanged);
    }

    [Fact]
    public async Task Packs_of_others_that_no_segment_names_are_not_read_whole()
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target);
        scene.WriteRandom("a.bin", 8_000_000, seed: 1);
        using var owner = await scene.UnlockAsync();
        using (var other = await OpenWriterAsync(scene, owner, "other"))
        {
            await scene.BackUpAsync(other);
        }

        foreach (var segment in target.Objects.Keys.Where(key => key.Value.StartsWith("index/", StringComparison.Ordinal)).ToList())
        {
            target.Remove(segment);
        }

        var foreign = target.Objects.Keys.Where(key => key.Value.StartsWith("packs/", StringComparison.Ordinal)).ToHashSet();
        var counting = new CountingTarget(target, foreign);
        using var vault = await scene.UnlockAsync(counting);
        Assert.Equal(0, (await scene.BackUpAsync(vault)).PacksAdopted);
        Assert.InRange(counting.BytesRead, 1, 100_000);
    }

    private sealed class CountingTarget(Target inner, HashSet<ObjectName> names) : DelegatingTarget(inner)
    {
        private long _bytesRead;

        public long BytesRead => Interlocked.Read(ref _bytesRead);

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            Interlocked.Add(ref _bytesRead, names.Contains(name) ? destination.Length : 0);
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }
    }

    private static async Task<UnlockedVault> OpenWriterAsync(PipelineScene scene, UnlockedVault owner, string name)
    {
        var path = scene.Folder[$"{name}.key"];
        await WriterKeys.ExportAsync(owner, name, path, null, PipelineScene.Token);
        using var credential = CredentialFile.Read(path, scene.Sink);
        return await (await LockedVault.OpenAsync(scene.Target, PipelineScene.Token)).UnlockAsync(credential, scene.Context, PipelineScene.Token);
    }

    private static async Task<List<ChunkLocation>> LocationsAsync(UnlockedVault vault)
    {
        using var catalog = await SegmentCatalog.LoadAsync(vault.Target, SegmentSealings.AccessOf(vault), new PageCache(), PipelineScene.Token);
        var all = new List<ChunkLocation>();
        foreach (var segment in catalog.Segments)
        {
            await foreach (var chunk in segment.EnumerateChunksAsync(PipelineScene.Token))
            {
                all.Add(chunk);
            }
        }

        return all;
    }

    private static PackEntry Forged(ChunkLocation real, int frame, int by) =>
        new(real.Entry.Chunk, frame, 1232 + (frame * 100), 100, real.Entry.PlainBytes + by, CompressionId.Zstd, ChunkSealing.Direct);

    /// <summary>Segments are asked in the order of their ids, which their makers choose.</summary>
    private static void PlantBefore(MemoryTarget target, SegmentSealing sealing, PackRecord pack, PackEntry[] entries)
    {
        var first = target.Objects.Keys.Where(key => key.Value.StartsWith("index/", StringComparison.Ordinal)).Min();
        ObjectName planted;
        do
        {
            var builder = new IndexSegmentBuilder();
            Assert.True(builder.TryAdd(pack, entries));
            planted = Plant(target, builder, sealing);
            if (planted.CompareTo(first) > 0)
            {
                target.Remove(planted);
            }
        }
        while (planted.CompareTo(first) > 0);
    }

    private static ObjectName Plant(MemoryTarget target, IndexSegmentBuilder builder, SegmentSealing sealing)
    {
        using var content = new MemoryStream();
        var name = IndexSegmentBuilder.NameOf(builder.Write(content, sealing));
        target.Replace(name, content.ToArray());
        return name;
    }
}
