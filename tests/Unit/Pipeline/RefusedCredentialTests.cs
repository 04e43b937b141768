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
    public async Task A_check_and_a_restore_end_with_what_the_store_says(TargetFault fault)
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.WriteRandom("a.bin", 3_000_000, seed: 1);
        var backup = await scene.BackUpAsync();
        scene.Target = new RefusingTarget(scene.Target, fault);

        Assert.Equal(fault, (await Assert.ThrowsAsync<TargetException>(() => scene.VerifyAsync(backup.Snapshot.Id))).Fault);
        Assert.Equal(fault, (await Assert.ThrowsAsync<TargetException>(() => scene.RestoreAsync(backup.Snapshot.Id))).Fault);
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
            if (name.Value.StartsWith("packs/", StringComparison.Ordinal))
            {
                throw new TargetException(fault, "Refused.");
            }
        }
    }
}
