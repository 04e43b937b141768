using SecureBackup.Engine.Entries;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>What is wrong with a vault or a source is named, and costs no more than it must.</summary>
public sealed class DamageTests
{
    [Fact]
    public async Task A_missing_pack_is_named_with_the_files_that_lose_by_it_and_the_next_backup_heals_it()
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target);
        scene.WriteRandom("lost.bin", 3_000_000, seed: 1);
        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var first = await scene.BackUpAsync();
        var lost = target.Objects.Where(pair => pair.Key.Value.StartsWith("packs/", StringComparison.Ordinal)).MaxBy(pair => pair.Value.Length).Key;
        target.Remove(lost);

        var check = await scene.VerifyAsync(first.Snapshot.Id, readsData: false);
        Assert.Contains(check.Faults, fault => fault.Code == FaultCodes.PackMissing && string.Equals(fault.Path, lost.Value, StringComparison.Ordinal));
        Assert.Contains(check.Faults, fault => fault.Code == FaultCodes.ChunkUnreadable && fault.Path.EndsWith("/lost.bin", StringComparison.Ordinal));

        scene.AdvanceTime(TimeSpan.FromMinutes(1));
        var second = await scene.BackUpAsync();
        Assert.Equal(1, second.FilesChanged);
        Assert.Empty((await scene.VerifyAsync(second.Snapshot.Id)).Faults);
        Assert.Empty((await scene.RestoreAsync(second.Snapshot.Id)).Faults);
        BackupRestoreTests.AssertSame(scene.SourcePath, Path.Combine(scene.RestorePath, "source"));
    }

    [Fact]
    public async Task A_target_that_gives_other_bytes_back_fails_the_backup()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a.bin", 100_000, seed: 1);
        using var vault = await scene.UnlockAsync(new LyingTarget(scene.Target));
        Assert.Equal(FaultCodes.UploadNotConfirmed, (await Assert.ThrowsAsync<IntegrityException>(() => scene.BackUpAsync(vault))).Code);
        Assert.Empty((await SnapshotCatalog.LoadAsync(vault, PipelineScene.Token)).Snapshots);
    }

    [Fact]
    public async Task A_source_of_faults_alone_is_no_backup()
    {
        using var scene = await PipelineScene.CreateAsync();
        using var vault = await scene.UnlockAsync();
        var refused = await Assert.ThrowsAsync<RequestException>(
            () => BackupCorridor.RunAsync(vault, new UnreadableSource(), PipelineScene.Options, RunContext.Unwatched, PipelineScene.Token));
        Assert.Equal(FaultCodes.SourceUnreadable, refused.Code);
        Assert.Contains("denied", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public async Task A_share_that_is_none_is_refused(int percent)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a", "a"u8);
        var backup = await scene.BackUpAsync();
        var refused = await Assert.ThrowsAsync<RequestException>(() => scene.VerifyAsync(backup.Snapshot.Id, percent: percent));
        Assert.Equal(FaultCodes.PercentOutOfRange, refused.Code);
    }

    [Fact]
    public async Task Shares_add_up_to_everything_also_across_snapshots()
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target, packSizeBytes: 5 * 1024 * 1024);
        scene.WriteRandom("big.bin", 40_000_000, seed: 1);
        var snapshot = (await scene.BackUpAsync()).Snapshot;
        var counting = new CountingTarget(target);
        scene.Target = counting;
        var turns = 0;
        for (var isDone = false; !isDone; turns++)
        {
            Assert.InRange(turns, 0, 20);
            var check = await scene.VerifyAsync(snapshot.Id, percent: 20);
            Assert.Empty(check.Faults);
            isDone = check.HasCompletedCycle;
            scene.AdvanceTime(TimeSpan.FromHours(1));
            snapshot = (await scene.BackUpAsync()).Snapshot;
        }

        Assert.InRange(turns, 4, 6);
        var firstPacks = target.Objects.Keys.Where(name => name.Value.StartsWith("packs/", StringComparison.Ordinal) && target.Objects[name].Length == 5 * 1024 * 1024);
        Assert.All(firstPacks, name => Assert.Contains(name, counting.ReadWhole));
    }

    [Fact]
    public async Task A_run_that_slept_through_a_collection_commits_nothing()
    {
        var target = new MemoryTarget();
        using var scene = await PipelineScene.CreateAsync(target);
        scene.WriteRandom("a.bin", 100_000, seed: 1);
        var sleeping = new SleepingTarget(target);
        using var vault = await scene.UnlockAsync(sleeping);
        Assert.Equal(FaultCodes.SessionLapsed, (await Assert.ThrowsAsync<VaultException>(() => scene.BackUpAsync(vault))).Code);
        Assert.DoesNotContain(target.Objects.Keys, name => name.Value.StartsWith("snapshots/", StringComparison.Ordinal));
        Assert.Empty((await scene.VerifyAsync((await scene.BackUpAsync()).Snapshot.Id)).Faults);
    }

    [Fact]
    public async Task A_member_may_write_only_its_data_sets()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a", "a"u8);
        var keyPath = scene.Folder["writer.key"];
        using (var owner = await scene.UnlockAsync())
        {
            await WriterKeys.ExportAsync(owner, "web-01", keyPath, ["orders"], PipelineScene.Token);
        }

        using var credential = CredentialFile.Read(keyPath, scene.Sink);
        using var writer = await (await LockedVault.OpenAsync(scene.Target, PipelineScene.Token)).UnlockAsync(credential, scene.Context, PipelineScene.Token);
        Assert.Equal(FaultCodes.DataSetNotAllowed, (await Assert.ThrowsAsync<KeyException>(() => scene.BackUpAsync(writer))).Code);
        Assert.Equal("orders", (await scene.BackUpAsync(writer, PipelineScene.Options with { DataSet = "orders" })).Snapshot.DataSet);
    }

    /// <summary>Flips a bit of every pack that is read whole from its start.</summary>
    private sealed class LyingTarget(Target inner) : DelegatingTarget(inner)
    {
        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            await base.ReadAsync(name, offset, destination, cancellationToken);
            if (name.Value.StartsWith("packs/", StringComparison.Ordinal))
            {
                destination.Span[0] ^= 1;
            }
        }
    }

    private sealed class CountingTarget(Target inner) : DelegatingTarget(inner)
    {
        public System.Collections.Concurrent.ConcurrentBag<ObjectName> ReadWhole { get; } = [];

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (offset == 0 && destination.Length > 4 * 1024 * 1024)
            {
                ReadWhole.Add(name);
            }

            return base.ReadAsync(name, offset, destination, cancellationToken);
        }
    }

    /// <summary>Dates the second announcement two days later, and by then a collection has taken the packs.</summary>
    private sealed class SleepingTarget(MemoryTarget inner) : DelegatingTarget(inner)
    {
        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            var receipt = await base.PutAsync(name, content, options, cancellationToken);
            if (!name.Value.StartsWith("sessions/", StringComparison.Ordinal) || !name.Value.EndsWith("-000001", StringComparison.Ordinal))
            {
                return receipt;
            }

            foreach (var pack in inner.Objects.Keys.Where(key => key.Value.StartsWith("packs/", StringComparison.Ordinal)).ToList())
            {
                inner.Remove(pack);
            }

            return receipt with { StoreTime = receipt.StoreTime + TimeSpan.FromDays(2) };
        }
    }

    private sealed class UnreadableSource : ISource
    {
        public IEnumerable<SourceItem> Enumerate(CancellationToken cancellationToken) =>
            [new SourceItem(null, new SourceFault(FaultCodes.DirectoryUnreadable, EntryPath.Root.ToString(), "Access is denied."))];
    }
}
