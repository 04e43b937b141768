using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Pipeline;

/// <summary>A credential that expires under a run is no damage: nothing is called broken or lost because the store does not answer to it.</summary>
public sealed class RefusedCredentialTests
{
    [Theory]
    [InlineData(TargetFault.KeyRejected)]
    [InlineData(TargetFault.PlaceMissing)]
    [InlineData(TargetFault.Untrusted)]
    [InlineData(TargetFault.QuotaExceeded)]
    public async Task A_check_and_a_restore_end_with_what_the_store_says(TargetFault fault)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a.bin", 3_000_000, seed: 1);
        var backup = await scene.BackUpAsync();
        scene.Target = new RefusingTarget(scene.Target, fault);

        Assert.Equal(fault, (await Assert.ThrowsAsync<TargetException>(() => scene.VerifyAsync(backup.Snapshot.Id))).Fault);
        Assert.Equal(fault, (await Assert.ThrowsAsync<TargetException>(() => scene.RestoreAsync(backup.Snapshot.Id))).Fault);
    }

    /// <summary>A daily limit that is met in the middle, a right that is taken away: what was read until then was sound, and nothing is known of the rest.</summary>
    [Theory]
    [InlineData(TargetFault.QuotaExceeded, true)]
    [InlineData(TargetFault.AccessDenied, true)]
    [InlineData(TargetFault.AccessDenied, false)]
    public async Task A_check_that_may_read_no_more_leaves_no_record(TargetFault fault, bool readsData)
    {
        using var scene = await PipelineScene.CreateAsync(packSizeBytes: 1 << 20, chunker: ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 3_000_000, seed: 1);
        var backup = await scene.BackUpAsync();
        var store = scene.Target;
        await scene.VerifyAsync(backup.Snapshot.Id);
        var records = await store.ListAsync("verifications/", PipelineScene.Token).ToListAsync(PipelineScene.Token);

        for (var reads = 0; ; reads++)
        {
            scene.Target = new RefusingTarget(store, fault) { Reads = reads };
            try
            {
                Assert.Empty((await scene.VerifyAsync(backup.Snapshot.Id, readsData)).Faults);
                Assert.InRange(reads, 1, 100);
                break;
            }
            catch (TargetException refusal) when (refusal.Fault == fault)
            {
                Assert.Equal(records, await store.ListAsync("verifications/", PipelineScene.Token).ToListAsync(PipelineScene.Token));
            }
        }
    }

    [Fact]
    public async Task What_is_missing_by_itself_is_damage_and_said_by_name()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a.bin", 3_000_000, seed: 1);
        var backup = await scene.BackUpAsync();
        scene.Target = new RefusingTarget(scene.Target, TargetFault.NotFound);

        Assert.NotEmpty((await scene.VerifyAsync(backup.Snapshot.Id)).Faults);
    }

    private sealed class RefusingTarget(Target inner, TargetFault fault) : DelegatingTarget(inner)
    {
        private int _reads;

        /// <summary>So many are let through.</summary>
        internal int Reads { get; init; }

        public override Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            Refuse(name);
            return base.ReadAsync(name, offset, destination, cancellationToken);
        }

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken)
        {
            Refuse(name);
            return base.TryFetchAsync(name, maxBytes, cancellationToken);
        }

        private void Refuse(ObjectName name)
        {
            if (name.Value.StartsWith("packs/", StringComparison.Ordinal) && Interlocked.Increment(ref _reads) > Reads)
            {
                throw new TargetException(fault, "Refused.");
            }
        }
    }
}
