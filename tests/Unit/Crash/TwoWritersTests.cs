using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>Writers that know nothing of each other, at once on one target, in many orders of their steps.</summary>
public sealed class TwoWritersTests
{
    private const int Rounds = 3;

    private static readonly int Seeds = CrashScene.IsLong ? 200 : 12;

    [Fact]
    public async Task An_owner_and_an_exported_key_write_at_once()
    {
        using var scene = await CrashScene.CreateAsync();
        using (var owner = await scene.UnlockAsync(scene.Target, scene.HostPath))
        {
            await WriterKeys.ExportAsync(owner, "till", scene["till.key"], null, CrashScene.Token);
        }

        await RunManyAsync(scene, scene["till.key"]);
    }

    [Fact]
    public async Task One_key_writes_twice_at_once()
    {
        using var scene = await CrashScene.CreateAsync();
        await RunManyAsync(scene, scene.KeyPath);
    }

    private static async Task RunManyAsync(CrashScene scene, string secondKey)
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}.");
        for (var i = 0; i < Seeds; i++)
        {
            var trial = scene.NewTrial();
            var states = new Dictionary<SnapshotId, string>();
            var target = new ShufflingTarget(trial.Target, seed + i);
            for (var round = 0; round < Rounds; round++)
            {
                string[] sources = [scene[$"own-{i}-{round}/source"], scene[$"other-{i}-{round}/source"]];
                CrashScene.Write(sources[0], "shared.bin", 70_000, seed: 1000 + round);
                CrashScene.Write(sources[1], "shared.bin", 70_000, seed: 1000 + round);
                CrashScene.Write(sources[1], "own.bin", 40_000, seed: 2000 + round);
                var snapshots = await Task.WhenAll(
                    BackUpAsync(scene, target, trial.Host, scene.KeyPath, sources[0]),
                    BackUpAsync(scene, target, trial.Host + "-other", secondKey, sources[1]));
                states.Add(snapshots[0], sources[0]);
                states.Add(snapshots[1], sources[1]);
            }

            await RequireAllAsync(scene, trial, states);
        }
    }

    private static async Task<SnapshotId> BackUpAsync(CrashScene scene, Target target, string host, string key, string source)
    {
        using var vault = await scene.UnlockAsync(target, host, key, CrashScene.Token);
        return (await CrashScene.BackUpAsync(vault, source, Path.GetFileName(key))).Snapshot.Id;
    }

    private static async Task RequireAllAsync(CrashScene scene, Trial trial, Dictionary<SnapshotId, string> states)
    {
        using var vault = await scene.UnlockAsync(trial.Target, trial.Host);
        var catalog = await SnapshotCatalog.LoadAsync(vault, CrashScene.Token);
        Assert.Empty(catalog.Problems);
        Assert.Equal(states.Count + 1, catalog.Snapshots.Count);
        foreach (var snapshot in catalog.Snapshots)
        {
            await CrashScene.RequireSoundAsync(vault, snapshot);
            await scene.RequireRestorableAsync(vault, snapshot, states.GetValueOrDefault(snapshot.Id, scene.Before));
        }
    }

    /// <summary>Holds operations back for a number of turns that the seed decides, so that the writers' steps interleave in another way each time.</summary>
    private sealed class ShufflingTarget(Target inner, int seed) : DelegatingTarget(inner)
    {
        private readonly Random _random = new(seed);

        public override async Task<PutReceipt> PutAsync(ObjectName name, Stream content, PutOptions options, CancellationToken cancellationToken)
        {
            await WaitTurnsAsync();
            return await base.PutAsync(name, content, options, cancellationToken);
        }

        public override Task<WholeObject?> TryFetchAsync(ObjectName name, int maxBytes, CancellationToken cancellationToken) => FetchInPartsAsync(name, maxBytes, cancellationToken);

        public override async Task ReadAsync(ObjectName name, long offset, Memory<byte> destination, CancellationToken cancellationToken)
        {
            await WaitTurnsAsync();
            await base.ReadAsync(name, offset, destination, cancellationToken);
        }

        public override async Task<ObjectStat?> StatAsync(ObjectName name, CancellationToken cancellationToken)
        {
            await WaitTurnsAsync();
            return await base.StatAsync(name, cancellationToken);
        }

        private async Task WaitTurnsAsync()
        {
            int turns;
            lock (_random)
            {
                turns = _random.Next(0, 20);
            }

            for (; turns > 0; turns--)
            {
                await Task.Yield();
            }
        }
    }
}
