using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class PackUploaderTests
{
    private const int PackBytes = 64 * 1024;

    private static readonly TimeSpan LongEnough = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_near_pack_is_read_back_while_the_next_is_written_and_the_first_passes_the_cache()
    {
        using var scene = await PipelineScene.CreateAsync(packSizeBytes: PackBytes, chunker: ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 4 * PackBytes, seed: 1);
        var target = new MeetingTarget(scene.Target);
        Assert.True(target.Capabilities is { IsNear: true, ServerChecksum: false });
        using var vault = await scene.UnlockAsync(target);

        var result = await scene.BackUpAsync(vault);

        Assert.InRange(target.PastCache.Count, 2, int.MaxValue);
        Assert.True(target.PastCache[0]);
        Assert.Empty((await scene.VerifyAsync(result.Snapshot.Id)).Faults);
    }

    /// <summary>Gives no pack back before a second one comes.</summary>
    private sealed class MeetingTarget(Target inner) : DelegatingTarget(inner)
    {
        private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Of each pack, in the order in which they came. One stage writes them.</summary>
        internal List<bool> PastCache { get; } = [];

        public override Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            if (IsPack(name))
            {
                PastCache.Add(options.PastCache);
                if (PastCache.Count == 2)
                {
                    _second.SetResult();
                }
            }

            return base.PutAsync(name, content, options, cancellationToken);
        }

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            if (IsPack(name))
            {
                await _second.Task.WaitAsync(LongEnough, cancellationToken);
            }

            await base.ReadAsync(name, offset, destination, cancellationToken);
        }

        private static bool IsPack(ObjectName name) => name.Value.StartsWith("packs/", StringComparison.Ordinal);
    }
}
