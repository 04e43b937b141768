using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;
using SecureBackup.Engine.Vault.Subjects;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A subject is erased while a writer backs her up.</summary>
public sealed class RecordErasureTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Who_is_erased_while_the_run_goes_on_is_taken_out_and_the_others_are_backed_up()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var owner = await scene.UnlockAsync();
        using var vault = await scene.UnlockAsync(new ErasingTarget(scene.Target, ObjectNames.KeyringAdditions, () => EraseAsync(owner, "3")));
        var members = RecordScene.Members(10, 2).ToList();
        var backup = await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members, sink: scene.Sink);
        Assert.Equal((9L, 10L), (backup.Snapshot.Summary.SubjectCount, backup.Snapshot.EntryCount));
        Assert.Contains(scene.Sink.Events, item => item.Message.StartsWith("1 customer(s) were erased", StringComparison.Ordinal));

        var (records, tally) = await RecordScene.ReadAsync(owner, backup.Snapshot);
        RecordScene.RequireSame(members.Where(item => item.Subject is not "3"), records);
        Assert.Equal(0, tally.ErasedSubjects);
        Assert.Empty((await scene.VerifyAsync(backup.Snapshot.Id)).Faults);
    }

    [Fact]
    public async Task Who_is_erased_between_listing_and_manifest_ends_the_run_without_a_snapshot()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var owner = await scene.UnlockAsync();
        using var vault = await scene.UnlockAsync(new ErasingTarget(scene.Target, ObjectNames.ReferencePages, () => EraseAsync(owner, "3")));
        var refused = await Assert.ThrowsAsync<VaultException>(() => RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(10, 1)));
        Assert.Equal((FaultCodes.SubjectErasedMeanwhile, true), (refused.Code, refused.IsTransient));
        Assert.Empty((await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots);
        Assert.Empty(Directory.GetFileSystemEntries(scene.Folder["spill"]));
    }

    [Fact]
    public async Task A_run_of_which_everybody_was_erased_makes_no_empty_snapshot()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var owner = await scene.UnlockAsync();
        using var vault = await scene.UnlockAsync(new ErasingTarget(scene.Target, ObjectNames.KeyringAdditions, () => EraseAsync(owner, "0")));
        var refused = await Assert.ThrowsAsync<RequestException>(() => RecordScene.BackUpAsync(vault, scene.Folder["spill"], RecordScene.Members(1, 1)));
        Assert.Equal(FaultCodes.SourceEmpty, refused.Code);
        Assert.Empty((await SnapshotCatalog.LoadAsync(owner, Token)).Snapshots);
    }

    [Fact]
    public async Task A_key_under_another_subject_s_name_brings_nobody_back_even_where_it_lay_there_first()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var target = new MemoryTarget(clock);
        using var scene = await PipelineScene.CreateAsync(target);
        scene.Time = clock;
        using var vault = await scene.UnlockAsync();
        var members = RecordScene.Members(10, 1).ToList();
        var backup = (await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members)).Snapshot;
        var record = await PlantedRecordAsync(vault, "3");
        var name = target.Objects.Keys.Single(static name => name.Value.StartsWith(ObjectNames.KeyringAdditions, StringComparison.Ordinal));
        var honest = target.Objects[name].ToArray();
        target.Remove(name);
        var (id, bytes) = SubjectAddition.Seal(vault, vault.Keys.DataSetIdOf(RecordScene.DataSet), record);
        target.Replace(ObjectNames.KeyringObject(ObjectNames.KeyringAdditions, id), bytes);
        clock.Advance(TimeSpan.FromMinutes(1));
        target.Replace(name, honest);

        await EraseAsync(vault, "3");
        var (records, _) = await RecordScene.ReadAsync(vault, backup);
        RecordScene.RequireSame(members.Where(item => item.Subject is not "3"), records);
    }

    [Fact]
    public async Task Who_was_erased_is_left_out_of_older_snapshots_and_counted_and_who_returns_is_another()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var members = RecordScene.Members(10, 1).ToList();
        var before = (await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members)).Snapshot;
        await EraseAsync(vault, "3");
        var (records, tally) = await RecordScene.ReadAsync(vault, before);
        RecordScene.RequireSame(members.Where(item => item.Subject is not "3"), records);
        Assert.Equal(1, tally.ErasedSubjects);
        Assert.Empty((await RecordScene.ReadAsync(vault, before, "3")).Records);

        var returned = (await RecordScene.BackUpAsync(vault, scene.Folder["spill"], members)).Snapshot;
        Assert.Single((await RecordScene.ReadAsync(vault, returned, "3")).Records);
        Assert.Empty((await RecordScene.ReadAsync(vault, before, "3")).Records);
        Assert.Equal(0, (await RecordScene.ReadAsync(vault, returned)).Tally.ErasedSubjects);
    }

    /// <summary>As a thief makes it who had the subject's key: for her domain, under a pseudonym of nobody that begins as hers.</summary>
    private static async Task<byte[]> PlantedRecordAsync(UnlockedVault vault, string subject)
    {
        using var keyring = await SubjectKeyring.OpenAsync(vault.RequireReader(), Token);
        using var entry = Assert.Single(await keyring.OfSubjectAsync(subject, Token));
        var pseudonym = entry.Subject.Value.ToArray();
        pseudonym[^1] ^= 1;
        var record = new byte[SubjectRecord.SizeBytes];
        SubjectRecord.Write(record, new SubjectPseudonym(Id256.Read(pseudonym)), new SubjectDomainKey(entry.Domain, entry.Key.Bytes, generation: 0));
        return record;
    }

    private static Task<PutReceipt> EraseAsync(UnlockedVault owner, string subject) => owner.Store.PutAsync(
        ObjectNames.LedgerEntry(0),
        LedgerCodec.Seal(owner, 0, null, new LedgerRecord
        {
            Time = owner.Now,
            Subjects = [owner.Keys.PseudonymOf(subject)],
            Reason = "asked for",
            KeysDestroyed = 1,
            HorizonEnd = owner.Now,
        }),
        Token);

    /// <summary>Erases right after the first object of a kind was stored.</summary>
    private sealed class ErasingTarget(Target inner, string folder, Func<Task> erase) : DelegatingTarget(inner)
    {
        private int _puts;

        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            var receipt = await Inner.PutAsync(name, content, options, cancellationToken);
            if (name.Value.StartsWith(folder, StringComparison.Ordinal) && Interlocked.Increment(ref _puts) == 1)
            {
                await erase();
            }

            return receipt;
        }
    }
}
