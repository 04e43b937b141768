using SecureBackup.Engine.Packing;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class CheckOnceMoreTests
{
    [Fact]
    public async Task What_was_wrong_once_and_right_when_it_was_read_again_is_a_warning()
    {
        using var scene = await PipelineScene.CreateAsync();
        scene.Write("a.txt", "hello"u8);
        var backup = await scene.BackUpAsync();
        scene.Target = new ErringOnce(scene.Target);
        var check = await scene.VerifyAsync(backup.Snapshot.Id, readsData: false);
        Assert.Empty(check.Faults);
        Assert.Contains(scene.Sink.Events, static told => told.Severity == EventSeverity.Warning && told.Message.Contains("showed once", StringComparison.Ordinal));
    }

    /// <summary>Turns a bit in the beginning of the first pack that is read, which every reader needs, and never again.</summary>
    private sealed class ErringOnce(Target inner) : DelegatingTarget(inner)
    {
        private bool _hasErred;

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            await base.ReadAsync(name, offset, destination, cancellationToken);
            if (!_hasErred && offset == 0 && name.Value.StartsWith("packs/", StringComparison.Ordinal))
            {
                _hasErred = true;
                destination.Span[PackReader.PrologueBytes - 1] ^= 1;
            }
        }
    }
}
