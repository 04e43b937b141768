using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Retention;
using SecureBackup.Engine.Vault;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Gates;

/// <summary>Whole runs whose content looks wrong beside the last good one.</summary>
public sealed class GateTests : IAsyncLifetime
{
    private PipelineScene _scene = null!;

    public async ValueTask InitializeAsync() => _scene = await GateScene.CreateAsync();

    public ValueTask DisposeAsync()
    {
        _scene.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Ordinary_work_trips_nothing()
    {
        Assert.Equal(SnapshotOutcome.Succeeded, (await BackUpAsync()).Outcome);
        for (var day = 0; day < 4; day++)
        {
            WriteText(day, seed: 100 + day);
            WriteText(50 + day);
            File.Delete(Path.Combine(_scene.SourcePath, $"{39 - day}.txt"));
            var backup = await BackUpAsync();
            Assert.Empty(backup.Snapshot.Summary.Findings);
            Assert.Equal(SnapshotOutcome.Succeeded, backup.Outcome);
        }
    }

    [Fact]
    public async Task Encrypted_files_are_noise_in_place_of_text()
    {
        var first = await BackUpAsync();
        Assert.InRange(first.Snapshot.Summary.Figures!.DensePermille, 0, 300);
        for (var i = 0; i < 10; i++)
        {
            Encrypt($"{i}.txt");
        }

        await RequireSuspectAsync(FaultCodes.ContentEntropyJumped);
    }

    [Fact]
    public async Task Files_that_are_encrypted_one_a_day_are_noticed_before_two_thirds_of_them_are_gone()
    {
        await BackUpAsync();
        var day = 0;
        for (; day < 26; day++)
        {
            Encrypt($"{day}.txt");
            var backup = await BackUpAsync();
            if (backup.Outcome == SnapshotOutcome.Suspect)
            {
                Assert.Equal(FaultCodes.ContentEntropyJumped, GateText.CodeOf(Assert.Single(backup.Snapshot.Summary.Findings).Gate));
                await DecideAsync(backup.Snapshot, SnapshotVerdict.Approved);
                break;
            }
        }

        Assert.InRange(day, 15, 25);

        // What a person approved is what later ones are compared with.
        Encrypt("30.txt");
        Assert.Equal(SnapshotOutcome.Succeeded, (await BackUpAsync()).Outcome);
    }

    [Fact]
    public async Task An_archive_that_grows_by_pictures_for_weeks_while_a_log_is_rewritten_is_no_ransom()
    {
        await BackUpAsync();
        for (var day = 0; day < 20; day++)
        {
            WriteText(0, seed: 100 + day);
            _scene.WriteRandom($"photo{day}.jpg", 200_000, seed: day);
            Assert.Empty((await BackUpAsync()).Snapshot.Summary.Findings);
        }
    }

    [Fact]
    public async Task New_pictures_beside_the_old_files_are_no_ransom()
    {
        await BackUpAsync();
        for (var i = 0; i < 10; i++)
        {
            _scene.WriteRandom($"photo{i}.jpg", 100_000, seed: i);
        }

        Assert.Empty((await BackUpAsync()).Snapshot.Summary.Findings);
    }

    [Fact]
    public async Task What_was_replaced_as_a_whole_is_suspect_unless_it_always_is()
    {
        await BackUpAsync();
        for (var i = 0; i < 40; i++)
        {
            WriteText(i, seed: 1000 + i);
        }

        var changed = await RequireSuspectAsync(FaultCodes.ContentMassChanged);
        await DecideAsync(changed, SnapshotVerdict.Approved);
        for (var i = 0; i < 40; i++)
        {
            WriteText(i, seed: 2000 + i);
        }

        Assert.Empty((await BackUpAsync()).Snapshot.Summary.Findings);
    }

    [Fact]
    public async Task A_disk_that_was_not_mounted_is_missed()
    {
        await BackUpAsync();
        for (var i = 0; i < 30; i++)
        {
            File.Delete(Path.Combine(_scene.SourcePath, $"{i}.txt"));
        }

        await RequireSuspectAsync(FaultCodes.ContentShrunk);
    }

    [Fact]
    public async Task A_dump_that_is_empty_now_is_said()
    {
        await BackUpAsync();
        for (var i = 0; i < 4; i++)
        {
            _scene.Write($"{i}.txt", []);
        }

        await RequireSuspectAsync(FaultCodes.FilesEmptied);
    }

    [Fact]
    public async Task Names_of_ransomware_are_known_and_those_that_were_always_there_are_not_new()
    {
        _scene.Write("old/backup.LockBit", "kept as evidence"u8);
        var first = await BackUpAsync();
        Assert.Equal(SnapshotOutcome.Suspect, first.Outcome);
        await DecideAsync(first.Snapshot, SnapshotVerdict.Approved);
        Assert.Empty((await BackUpAsync()).Snapshot.Summary.Findings);
        _scene.Write("How_To_Decrypt.txt", "pay"u8);
        await RequireSuspectAsync(FaultCodes.RansomNamesFound);
    }

    [Fact]
    public async Task Minima_hold_from_the_first_run_on()
    {
        var small = await BackUpAsync(new ContentGates { MinimumBytes = 1L << 40, MinimumCount = 41 });
        Assert.Equal(
            [FaultCodes.ContentTooSmall, FaultCodes.ContentTooFew],
            small.Snapshot.Summary.Findings.Select(static finding => GateText.CodeOf(finding.Gate)));
        Assert.All(small.Snapshot.Summary.Findings, static finding => Assert.Contains(finding.Limit.ToString(System.Globalization.CultureInfo.InvariantCulture), GateText.MessageOf(finding), StringComparison.Ordinal));
        Assert.Equal(SnapshotOutcome.Succeeded, (await BackUpAsync(new ContentGates { MinimumBytes = 1, MinimumCount = 40 })).Outcome);
    }

    [Fact]
    public async Task A_suspect_one_is_kept_freezes_its_data_set_and_is_compared_with_by_nobody()
    {
        var good = await BackUpAsync();
        for (var i = 0; i < 30; i++)
        {
            File.Delete(Path.Combine(_scene.SourcePath, $"{i}.txt"));
        }

        var suspect = await RequireSuspectAsync(FaultCodes.ContentShrunk);

        // The next is compared with the good one, not with the one that shrank.
        await RequireSuspectAsync(FaultCodes.ContentShrunk);
        using var vault = await _scene.UnlockAsync();
        var request = new RemovalRequest(vault, "by name") { Named = catalog => [catalog.Resolve(good.Snapshot.Id.ToString())] };
        var plan = await RemovalPlan.MakeAsync(request, PipelineScene.Token);
        Assert.Contains(plan.Snapshots[0].Planned.Reasons, static reason => reason.Kind == KeepReasonKind.DataSetFrozen);
        var rules = await RemovalPlan.MakeAsync(new RemovalRequest(vault, "rules") { Policy = new RetentionPolicy { KeepLast = 1 } }, PipelineScene.Token);
        Assert.Empty(rules.Expired);
        Assert.Equal(FaultCodes.RetentionFrozen, rules.Snapshots.Single(removal => removal.Snapshot.Id == suspect.Id).Refusal!.Code);
        var catalog = await SnapshotCatalog.LoadAsync(vault, PipelineScene.Token);
        Assert.Equal(good.Snapshot.Id, catalog.LastGoodOf(good.Snapshot.DataSetId, vault.Self, "host")!.Id);
        foreach (var open in catalog.Snapshots.Where(static snapshot => snapshot.Standing == SnapshotStanding.Suspect))
        {
            await ApprovalRecord.WriteAsync(vault, open, SnapshotVerdict.Rejected, "the disk was not mounted", PipelineScene.Token);
        }

        var after = await RemovalPlan.MakeAsync(new RemovalRequest(vault, "rules") { Policy = new RetentionPolicy { KeepLast = 1 } }, PipelineScene.Token);
        Assert.Equal(2, after.Expired.Count());
        Assert.DoesNotContain(good.Snapshot.Id, after.Expired.Select(static snapshot => snapshot.Id));
    }

    [Fact]
    public async Task Each_gate_can_be_switched_off_and_limits_are_checked_before_anything()
    {
        await BackUpAsync();
        for (var i = 0; i < 40; i++)
        {
            Encrypt($"{i}.txt");
        }

        var gates = ContentGates.Default with { ChangePercent = null, EntropyJumpPercent = null };
        Assert.Equal(SnapshotOutcome.Succeeded, (await BackUpAsync(gates)).Outcome);
        foreach (var wrong in new ContentGates[] { new() { ShrinkPercent = 0 }, new() { EmptiedPercent = 101 }, new() { MinimumBytes = -1 } })
        {
            Assert.Equal(FaultCodes.GateOutOfRange, Assert.Throws<RequestException>(wrong.RequireValid).Code);
        }
    }

    [Fact]
    public void Unknown_findings_pass()
    {
        var some = new SnapshotSummary { DataSetId = default, DataSet = "members", StartedAt = default, EndedAt = default, HostName = "h", ReferencePages = [], PackCount = 0, Kind = SnapshotKind.Records, RecordCount = 9, Figures = new ContentFigures() };
        Assert.Equal(FaultCodes.ContentSuspect, GateText.CodeOf((GateKind)99));
        var back = ManifestCodec.DecodeSummary(
            ManifestCodec.EncodeSummary(some with { Findings = [new GateFinding((GateKind)99, 7, 8)], Outcome = SnapshotOutcome.Suspect, Figures = new ContentFigures { NewBytes = 5, DensePermille = 1000 } }), "test");
        Assert.Equal((new GateFinding((GateKind)99, 7, 8), 5L, 1000), (Assert.Single(back.Findings), back.Figures!.NewBytes, back.Figures.DensePermille));
    }

    private async Task<Snapshot> RequireSuspectAsync(FaultCode code)
    {
        var backup = await BackUpAsync();
        Assert.Equal(SnapshotOutcome.Suspect, backup.Outcome);
        Assert.Contains(code, backup.Snapshot.Summary.Findings.Select(static finding => GateText.CodeOf(finding.Gate)));

        // It is a whole snapshot all the same.
        Assert.Empty((await _scene.VerifyAsync(backup.Snapshot.Id)).Faults);
        return backup.Snapshot;
    }

    private Task DecideAsync(Snapshot snapshot, SnapshotVerdict verdict) => _scene.DecideAsync(snapshot, verdict);

    private Task<BackupResult> BackUpAsync(ContentGates? gates = null) => _scene.RunAsync(PipelineScene.Options with { Gates = gates ?? ContentGates.Default });

    private void WriteText(int number, int? seed = null) => _scene.WriteText(number, seed);

    private void Encrypt(string name) => _scene.Encrypt(name);
}
