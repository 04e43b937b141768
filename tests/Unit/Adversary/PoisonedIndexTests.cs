using SecureBackup.Engine.Compression;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Index;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Adversary;

/// <summary>A stolen writer speaks of chunks that it cannot read: what others back up and restore stays right.</summary>
public sealed class PoisonedIndexTests
{
    /// <summary>Lies of several writers, so that some of them stand before the truth in every order of the segments.</summary>
    private const int Liars = 6;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Lengths_that_another_writer_claims_never_shift_what_is_restored(bool isOwnersSnapshot)
    {
        using var scene = await AttackScene.CreateAsync();
        scene.WriteRandom("big.bin", 7_000_000, seed: 1);
        using var owner = await scene.OwnerAsync();
        using var honest = isOwnersSnapshot ? await scene.OwnerAsync() : await scene.WriterAsync("honest");
        var backup = await scene.BackUpAsync(honest);
        using var thief = await scene.WriterAsync("thief");
        for (var i = 0; i < Liars; i++)
        {
            await ShiftAsync(thief, honest.Self);
        }

        await owner.RefreshAsync(AttackScene.Token);
        var (result, path) = await scene.RestoreAsync(owner, backup.Snapshot);
        Assert.Empty(result.Faults);
        Assert.Equal(0, scene.RequireNothingWrong(path));
        Assert.Empty((await scene.VerifyAsync(owner, backup.Snapshot)).Faults);
    }

    [Fact]
    public async Task A_writer_that_lies_about_its_own_lengths_loses_its_own_file()
    {
        using var scene = await AttackScene.CreateAsync();
        using var owner = await scene.OwnerAsync();
        using var thief = await scene.WriterAsync("thief");
        using var hostile = new HostileWriter(thief);
        var ids = new[] { hostile.Add(new byte[100]), hostile.Add([1, 2, 3]), hostile.Add([4, 5, 6, 7]) };
        var root = hostile.AddPage(Hostile.Folder("r"), Hostile.File("r/f", 107, ids), Hostile.File("r/g", 4, ids[2]));
        hostile.Entries[0] = hostile.Entries[0] with { PlainBytes = 99, Compression = CompressionId.Zstd };
        hostile.Entries[1] = hostile.Entries[1] with { PlainBytes = 4, Compression = CompressionId.Zstd };
        var snapshot = await hostile.CommitAsync(root);

        await owner.RefreshAsync(AttackScene.Token);
        var (result, path) = await scene.RestoreAsync(owner, snapshot);
        Assert.Equal(FaultCodes.ChunkUnreadable, Assert.Single(result.Faults).Code);
        Assert.False(File.Exists(Path.Combine(path, "r", "f")));
        Assert.Equal([4, 5, 6, 7], await File.ReadAllBytesAsync(Path.Combine(path, "r", "g"), AttackScene.Token));
    }

    [Fact]
    public async Task Another_host_stores_again_what_a_stolen_writer_claims_to_have_stored()
    {
        using var scene = await AttackScene.CreateAsync();
        var content = scene.WriteRandom("small.bin", 50_000, seed: 2);
        using var owner = await scene.OwnerAsync();
        using var thief = await scene.WriterAsync("thief");
        using (var hostile = new HostileWriter(thief))
        {
            hostile.AddAs(thief.Keys.ChunkId.IdOf(DomainId.Vault, content), new byte[50_000]);
            await hostile.StorePackAsync();
        }

        using var honest = await scene.WriterAsync("honest");
        var backup = await scene.BackUpAsync(honest);
        Assert.True(backup.BytesStored > 50_000);
        await owner.RefreshAsync(AttackScene.Token);
        var (result, path) = await scene.RestoreAsync(owner, backup.Snapshot);
        Assert.Empty(result.Faults);
        Assert.Equal(0, scene.RequireNothingWrong(path));
        Assert.Empty((await scene.VerifyAsync(owner, backup.Snapshot)).Faults);
    }

    [Fact]
    public async Task A_segment_that_names_anothers_pack_as_anothers_is_reported_and_not_used()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.WriteRandom("small.bin", 50_000, seed: 2);
        using var owner = await scene.OwnerAsync();
        using var honest = await scene.WriterAsync("honest");
        var backup = await scene.BackUpAsync(honest);
        using var thief = await scene.WriterAsync("thief");
        using (var hostile = new HostileWriter(thief))
        {
            hostile.Add([1]);
            await hostile.StorePackAsync(record => record with { Writer = honest.Self });
        }

        await owner.RefreshAsync(AttackScene.Token);
        using var index = await ChunkIndexLoader.OpenForReadingAsync(owner, honest.Self, scene.Sink, AttackScene.Token);
        await foreach (var pack in index.EnumeratePacksAsync(AttackScene.Token))
        {
            Assert.Equal(honest.Self, pack.Writer);
        }

        Assert.Equal(FaultCodes.SegmentPoisoned, Assert.Single(index.Problems).Fault.Code);
        var (result, path) = await scene.RestoreAsync(owner, backup.Snapshot);
        Assert.Empty(result.Faults);
        Assert.Equal(0, scene.RequireNothingWrong(path));
    }

    [Fact]
    public async Task A_segment_that_replaces_anothers_is_reported_and_not_used()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.WriteRandom("small.bin", 50_000, seed: 2);
        using var owner = await scene.OwnerAsync();
        using var honest = await scene.WriterAsync("honest");
        var backup = await scene.BackUpAsync(honest);
        ObjectId[] theirs = [.. scene.Names("index/").Select(static name => Id256.TryParse(name.Value.AsSpan(IndexSegment.Prefix.Length), out var id) ? new ObjectId(id) : default)];
        using var thief = await scene.WriterAsync("thief");
        using (var hostile = new HostileWriter(thief))
        {
            hostile.Add([1]);
            await hostile.StorePackAsync(null, theirs);
        }

        await owner.RefreshAsync(AttackScene.Token);
        var (result, path) = await scene.RestoreAsync(owner, backup.Snapshot);
        Assert.Empty(result.Faults);
        Assert.Equal(0, scene.RequireNothingWrong(path));
        Assert.Contains(scene.Sink.Events, static item => item.Code == FaultCodes.SegmentPoisoned);
    }

    [Fact]
    public async Task Anothers_pack_id_in_a_stolen_writers_segment_raises_no_false_alarm_and_hides_no_loss()
    {
        using var scene = await AttackScene.CreateAsync();
        scene.WriteRandom("small.bin", 50_000, seed: 2);
        using var owner = await scene.OwnerAsync();
        using var honest = await scene.WriterAsync("honest");
        var backup = await scene.BackUpAsync(honest);
        using var thief = await scene.WriterAsync("thief");
        await owner.RefreshAsync(AttackScene.Token);
        var victims = new List<PackRecord>();
        using (var index = await ChunkIndexLoader.OpenForReadingAsync(owner, honest.Self, scene.Sink, AttackScene.Token))
        {
            await foreach (var pack in index.EnumeratePacksAsync(AttackScene.Token))
            {
                victims.Add(pack);
            }
        }

        using var hostile = new HostileWriter(thief);
        hostile.Add([1, 2, 3]);
        foreach (var victim in victims)
        {
            for (var i = 0; i < Liars; i++)
            {
                await hostile.StoreSegmentAsync(victim with { Writer = thief.Self, LengthBytes = victim.LengthBytes - 1, Sha256 = ContentHash.Of([9]) });
            }
        }

        Assert.Empty((await scene.VerifyAsync(owner, backup.Snapshot)).Faults);

        // Together with the storage: the thief's own pack under the victim's name.
        var (name, own) = (victims[0].Name, await hostile.StorePackAsync());
        scene.Target.Replace(name, scene.Target.Objects[own.Name].Span);
        var check = await scene.VerifyAsync(owner, backup.Snapshot);
        Assert.Contains(check.Faults, fault => string.Equals(fault.Path, name.Value, StringComparison.Ordinal) && fault.Code == FaultCodes.PackMissing);
        Assert.True(check.Faults.Count > 1, "What lay in the pack is named.");
    }

    /// <summary>Says of the victim's chunks that they lie in a pack of the thief: the first one byte shorter, the last one byte longer.</summary>
    private static async Task ShiftAsync(UnlockedVault thief, MemberId victim)
    {
        var chunks = new List<ChunkLocation>();
        using (var catalog = await SegmentCatalog.LoadAsync(thief.Target, SegmentSealings.AccessOf(thief), new PageCache(1 << 20), AttackScene.Token))
        {
            foreach (var segment in catalog.Segments.Where(segment => segment.Signer.Id == victim))
            {
                await foreach (var chunk in segment.EnumerateChunksAsync(AttackScene.Token))
                {
                    chunks.Add(chunk);
                }
            }
        }

        var data = chunks.Where(static chunk => chunk.Entry.PlainBytes > 200_000).OrderBy(static chunk => (chunk.Pack.Id, chunk.Entry.OffsetBytes)).ToList();
        Assert.True(data.Count >= 3);
        using var hostile = new HostileWriter(thief);
        foreach (var chunk in data)
        {
            hostile.AddAs(chunk.Entry.Chunk, [0]);
            var shift = chunk == data[0] ? -1 : chunk == data[^1] ? 1 : 0;
            hostile.Entries[^1] = hostile.Entries[^1] with { PlainBytes = chunk.Entry.PlainBytes + shift, Compression = CompressionId.Zstd };
        }

        await hostile.StorePackAsync();
    }
}
