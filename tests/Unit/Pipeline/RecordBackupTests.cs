using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Records;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class RecordBackupTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_subjects_records_come_back_equal_in_their_order_and_the_snapshot_is_sound()
    {
        using var scene = await PipelineScene.CreateAsync(packSizeBytes: 128 * 1024, chunker: ChunkerCatalog.Small);
        using var vault = await scene.UnlockAsync();
        var members = RecordScene.Members(500, 3).Append((Subject: "giant", Record: RecordScene.Member(1, new string('x', 300_000)))).Append(("giant", Noise(400_000, 1))).ToList();
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members);
        Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
        Assert.Equal((SnapshotKind.Records, 1502L, 501L, 502L), (backup.Snapshot.Kind, backup.Snapshot.Summary.RecordCount, backup.Snapshot.Summary.SubjectCount, backup.Snapshot.EntryCount));

        var (records, tally) = await RecordScene.ReadAsync(vault, await ReloadAsync(vault));
        RecordScene.RequireSame(members, records);
        Assert.Equal((1502L, 501L, 0L), (tally.Records, tally.Subjects, tally.ErasedSubjects));
        Assert.Empty(tally.Faults);
        Assert.Empty((await scene.VerifyAsync(backup.Snapshot.Id)).Faults);
        Assert.Empty(Directory.GetFileSystemEntries(scene.Folder["spill"]));
    }

    [Fact]
    public async Task One_subject_comes_back_alone_and_nobody_else_comes_with_it()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var members = RecordScene.Members(300, 2).ToList();
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members);
        var (records, tally) = await RecordScene.ReadAsync(vault, backup.Snapshot, "42");
        RecordScene.RequireSame(members.Where(item => item.Subject is "42"), records);
        Assert.Empty(tally.Faults);
        Assert.Empty((await RecordScene.ReadAsync(vault, backup.Snapshot, "nobody")).Records);
    }

    [Fact]
    public async Task White_space_around_an_id_makes_no_other_customer_of_it()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        (string? Subject, object? Record)[] members = [("42 ", RecordScene.Member(42, "first")), ("43", RecordScene.Member(43, "other")), ("\t42", RecordScene.Member(42, "second")), ("42", RecordScene.Member(42, "third"))];
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members);
        Assert.Equal((4L, 2L), (backup.Snapshot.Summary.RecordCount, backup.Snapshot.Summary.SubjectCount));

        var (records, tally) = await RecordScene.ReadAsync(vault, backup.Snapshot, " 42");
        RecordScene.RequireSame(members.Where(item => item.Subject is not "43").Select(item => ((string?)"42", item.Record)), records);
        Assert.Empty(tally.Faults);
        Assert.Empty((await RecordScene.ReadAsync(vault, backup.Snapshot)).Tally.Faults);
    }

    [Fact]
    public async Task Every_chunk_of_a_subject_is_sealed_inside_and_nothing_of_the_person_stands_outside()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(100, 1, "a note to be found"));
        var sealings = await SealingsAsync(vault, backup.Snapshot);
        Assert.Equal(100, sealings.Count(sealing => sealing == ChunkSealing.Subject));

        // The listing, which the vault's key opens, knows random handles alone.
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, Token);
        await foreach (var item in browser.EnumerateAsync(backup.Snapshot, new EntryFilter([]), null, Token))
        {
            Assert.Matches("^members(/[0-9a-f]{64})?$", item.Path.ToString());
            Assert.Equal(default, item.Metadata.ModifiedAt);
        }
    }

    [Fact]
    public async Task A_data_set_without_subjects_is_one_stream_that_deduplicates()
    {
        using var scene = await PipelineScene.CreateAsync(packSizeBytes: 128 * 1024, chunker: ChunkerCatalog.Small);
        using var vault = await scene.UnlockAsync();
        var rows = Enumerable.Range(0, 4000).Select(i => ((string?)null, (object?)RecordScene.Member(i, $"row {i}"))).ToList();
        var first = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], rows, hasSubjects: false);
        Assert.Equal((2L, 0L), (first.Snapshot.EntryCount, first.Snapshot.Summary.SubjectCount));
        RecordScene.RequireSame(rows, (await RecordScene.ReadAsync(vault, first.Snapshot)).Records);
        rows[2000] = (null, RecordScene.Member(2000, "changed"));
        var second = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], rows, hasSubjects: false);
        Assert.True(second.ChunksNew < first.ChunksNew / 2, $"{second.ChunksNew} of {first.ChunksNew}");
        RecordScene.RequireSame(rows, (await RecordScene.ReadAsync(vault, second.Snapshot)).Records);
    }

    [Fact]
    public async Task A_record_that_does_not_say_whose_it_is_is_a_fault_and_is_stored_nowhere()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var members = RecordScene.Members(3, 1).ToList();
        members.Insert(1, (null, RecordScene.Member(9, "of nobody")));
        members.Insert(3, ("\uD800", RecordScene.Member(9, "of half a character")));
        members.Add(("2", new object?[] { new MemoryStream() }));
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members);
        Assert.Equal(SnapshotOutcome.SucceededDegraded, backup.Outcome);
        Assert.Equal(
            [(FaultCodes.SubjectMissing, "(record 2)"), (FaultCodes.SubjectMissing, "(record 4)"), (FaultCodes.RecordValueRefused, "(record 6)")],
            backup.Faults.Select(fault => (fault.Code, fault.Path)));
        var (records, _) = await RecordScene.ReadAsync(vault, backup.Snapshot);
        Assert.Equal(3, records.Count);
        Assert.DoesNotContain(records, record => record.Value is RecordMap map && map.Entries.Any(entry => entry.Value is string text && text.StartsWith("of ", StringComparison.Ordinal)));
        using var browser = await SnapshotBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, Token);
        Assert.Equal(3, (await browser.FaultsAsync(backup.Snapshot, Token)).Count);
    }

    [Fact]
    public async Task Runs_that_would_store_nothing_say_why_and_touch_nothing()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var before = ((MemoryTarget)scene.Target).Objects.Count;
        await RefusedAsync(FaultCodes.SourceEmpty);
        await RefusedAsync(FaultCodes.NoRecordHasSubject, (null, 1), ("", 2));
        await RefusedAsync(FaultCodes.SourceUnreadable, ("1", new MemoryStream()), (null, 2));
        Assert.Equal(before, ((MemoryTarget)scene.Target).Objects.Count);

        async Task RefusedAsync(FaultCode code, params (string? Subject, object? Record)[] records) =>
            Assert.Equal(code, (await Assert.ThrowsAsync<RequestException>(() => RecordScene.BackUpAsync(vault, scene.Folder["spill"], records))).Code);
    }

    [Fact]
    public async Task Unchanged_customers_are_not_stored_again_and_a_changed_one_is_alone()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var members = RecordScene.Members(200, 2).ToList();
        var first = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members);
        var same = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members);
        Assert.Equal(0, same.ChunksNew);
        Assert.Equal(0, same.BytesStored);
        members[7] = ("7", RecordScene.Member(7, "changed"));
        var changed = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members);
        Assert.InRange(changed.ChunksNew, 2, 6);
        Assert.True(changed.BytesStored < first.BytesStored);
        RecordScene.RequireSame(members, (await RecordScene.ReadAsync(vault, changed.Snapshot)).Records);
        RecordScene.RequireSame(RecordScene.Members(200, 2), (await RecordScene.ReadAsync(vault, first.Snapshot)).Records);
    }

    [Fact]
    public async Task A_data_set_that_lost_most_of_its_records_is_suspect()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(100, 1));
        Assert.Equal(SnapshotOutcome.Suspect, (await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(20, 1))).Outcome);
        Assert.Equal(SnapshotOutcome.Succeeded, (await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(90, 1))).Outcome);
    }

    [Fact]
    public async Task Of_very_many_faults_the_first_are_listed_and_the_others_counted()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var backup = await RecordScene.BackUpAsync(
            vault, scene.Folder["spill"], Enumerable.Range(0, 10_500).Select(i => (i == 7 ? "7" : null, (object?)i)));
        Assert.Equal(10_001, backup.Faults.Count);
        Assert.Equal(FaultCodes.RecordFaultsUnlisted, backup.Faults[^1].Code);
        Assert.Contains("499 more", backup.Faults[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whose_keys_are_gone_is_left_out_and_counted_and_the_others_come_back()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(5, 1));
        var gone = ((MemoryTarget)scene.Target).Objects.Keys.Single(name => name.Value.StartsWith(ObjectNames.KeyringAdditions, StringComparison.Ordinal));
        var both = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(8, 1));
        await scene.Target.DeleteAsync(gone, Token);
        var (records, tally) = await RecordScene.ReadAsync(vault, both.Snapshot);
        Assert.True(tally.ErasedSubjects is 0 or 5, $"{tally.ErasedSubjects}");
        Assert.Equal(8 - tally.ErasedSubjects, records.Count);
        Assert.Empty(tally.Faults);
    }

    [Fact]
    public async Task Damage_costs_the_subjects_in_the_damaged_pack_by_name_and_nobody_else()
    {
        using var scene = await PipelineScene.CreateAsync(packSizeBytes: 64 * 1024, chunker: ChunkerCatalog.Small);
        using var vault = await scene.UnlockAsync();
        var members = Enumerable.Range(0, 40).Select(i => ((string?)$"{i}", (object?)Noise(8_000, i))).ToList();
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members);
        var target = (MemoryTarget)scene.Target;
        var pack = target.Objects.First(pair => pair.Key.Value.StartsWith(ObjectNames.Packs, StringComparison.Ordinal) && pair.Value.Length == 64 * 1024);
        var broken = pack.Value.ToArray();
        broken.AsSpan(2_000, 40_000).Reverse();
        target.Replace(pack.Key, broken);
        var (records, tally) = await RecordScene.ReadAsync(vault, backup.Snapshot);
        Assert.NotEmpty(tally.Faults);
        Assert.Equal(40, records.Count + tally.Faults.Count);
        Assert.All(tally.Faults, fault => Assert.Equal(FaultCodes.ChunkUnreadable, fault.Code));
    }

    [Fact]
    public async Task A_subjects_history_holds_each_version_once_with_the_snapshots_that_have_it()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var snapshots = new List<Snapshot>();
        foreach (var note in new[] { "one", "one", "two", "one" })
        {
            snapshots.Add((await RecordScene.BackUpAsync(
                vault, scene.Folder["spill"], [("7", RecordScene.Member(7, note)), ("7", RecordScene.Member(7, "same")), ("8", RecordScene.Member(8, note))])).Snapshot);
        }

        using var browser = await RecordBrowser.OpenAsync(vault.RequireReader(), NullSink.Instance, 0, Token);
        var tally = new RecordTally();
        var versions = await browser.HistoryAsync(snapshots, "7", tally, Token);
        Assert.Empty(tally.Faults);
        Assert.Equal(
            [("one", snapshots[0].Id, snapshots[3].Id, 3), ("same", snapshots[0].Id, snapshots[3].Id, 4), ("two", snapshots[2].Id, snapshots[2].Id, 1)],
            versions.Select(version => ((string)((RecordMap)version.First.Value!).Entries[2].Value!, version.First.Snapshot.Id, version.Last.Id, version.SnapshotCount)));
    }

    private static byte[] Noise(int length, int seed)
    {
        var bytes = new byte[length];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static async Task<Snapshot> ReloadAsync(UnlockedVault vault) => (await SnapshotCatalog.LoadAsync(vault, Token)).Snapshots[0];

    /// <summary>How each chunk of the snapshot's packs is sealed, as the pack tables say.</summary>
    private static async Task<List<ChunkSealing>> SealingsAsync(UnlockedVault vault, Snapshot snapshot)
    {
        var rebuilder = new Engine.Index.IndexRebuilder(vault.Target, SegmentSealings.AccessOf(vault));
        var sealings = new List<ChunkSealing>();
        await foreach (var pack in rebuilder.ReadAsync(_ => true, Engine.Index.RebuildDepth.Tables, Token))
        {
            sealings.AddRange(pack.Entries.Select(entry => entry.Sealing));
        }

        Assert.True(snapshot.PackCount > 0);
        return sealings;
    }
}
