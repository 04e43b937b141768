using System.Globalization;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>Kills a backup in a process of its own, as <c>kill -9</c> does, at many moments of its work.</summary>
public sealed class KillTests
{
    private const int FileCount = 8;
    private const int FileBytes = 150_000;
    private const int KillsPerRestore = 10;

    private static readonly int Kills = CrashScene.IsLong ? 1000 : 100;

    internal static string ProgramPath => Path.Combine(
        Repository.Root, "tests", "CrashHost", "bin", Repository.IsReleaseBuild ? "Release" : "Debug", "net10.0", "CrashHost.dll");

    [Fact]
    public async Task No_kill_at_any_moment_harms_what_was_there_or_hinders_what_follows()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}.");
        using var bench = new KillBench(new Random(seed));
        await bench.CreateAsync();
        Assert.True(await bench.RunAsync(killAfter: null), "The first run was not to be killed.");
        var kills = 0;
        for (var attempt = 0; kills < Kills; attempt++)
        {
            Assert.True(attempt < 3 * Kills, $"Only {kills} of {attempt} runs were still at work when they were to be killed.");
            kills += await bench.RunAsync(bench.NextDelay()) ? 0 : 1;
            await bench.RequireListedAsync(restores: kills % KillsPerRestore == 0);
        }

        Assert.True(await bench.RunAsync(killAfter: null), "The last run was not to be killed.");
        await bench.RequireWholeAsync();
        TestContext.Current.TestOutputHelper?.WriteLine(bench.Summary);
    }

    /// <summary>A folder vault, a source that changes before each run, and what it was at each.</summary>
    private sealed class KillBench(Random random) : IDisposable
    {
        private readonly TempFolder _folder = TempFolder.InMemory();
        private readonly List<int[]> _states = [new int[FileCount]];
        private readonly HashSet<string> _seen = [];
        private TimeSpan _workTime = TimeSpan.FromSeconds(1);
        private int _adopted;

        internal string Summary => $"{_states.Count - 1} runs, {_seen.Count} snapshots, {_adopted} packs adopted by runs that ended.";

        private string VaultPath => _folder["vault"];

        internal async Task CreateAsync()
        {
            Directory.CreateDirectory(_folder["source"]);
            await using var target = LocalTarget.Create(VaultPath);
            (await VaultCreator.CreateAsync(target, CrashScene.CreationWith(_folder["owner.key"]), Context, CrashScene.Token)).Dispose();
        }

        internal TimeSpan NextDelay() => 1.2 * _workTime * random.NextDouble();

        /// <returns>False when the run was killed at its work.</returns>
        internal async Task<bool> RunAsync(TimeSpan? killAfter)
        {
            Change();
            if (await CrashProgram.RunAsync(killAfter, VaultPath, _folder["source"], _folder["owner.key"], _folder["cache"], $"{_states.Count - 1}") is not { } fields)
            {
                return false;
            }

            Assert.Equal(nameof(SnapshotOutcome.Succeeded), fields[0]);
            _workTime = TimeSpan.FromMilliseconds(double.Parse(fields[1], CultureInfo.InvariantCulture));
            _adopted += int.Parse(fields[2], CultureInfo.InvariantCulture);
            return true;
        }

        /// <summary>All snapshots seen before are there, and nothing is amiss.</summary>
        internal async Task RequireListedAsync(bool restores)
        {
            await using var target = LocalTarget.Open(VaultPath);
            using var vault = await UnlockAsync(target);
            var catalog = await SnapshotCatalog.LoadAsync(vault, CrashScene.Token);
            Assert.Empty(catalog.Problems);
            Assert.Superset(_seen, catalog.Snapshots.Select(static snapshot => snapshot.Id.ToString()).ToHashSet());
            _seen.UnionWith(catalog.Snapshots.Select(static snapshot => snapshot.Id.ToString()));
            if (restores)
            {
                await RequireRestorableAsync(vault, catalog.Snapshots[0]);
                await RequireRestorableAsync(vault, catalog.Snapshots[random.Next(catalog.Snapshots.Count)]);
            }
        }

        internal async Task RequireWholeAsync()
        {
            await RequireListedAsync(restores: true);
            await using var target = LocalTarget.Open(VaultPath);
            using var vault = await UnlockAsync(target);
            var newest = (await SnapshotCatalog.LoadAsync(vault, CrashScene.Token)).Snapshots[0];
            Assert.Equal($"{_states.Count - 1}", Assert.Single(newest.Tags));
            await CrashScene.RequireSoundAsync(vault, newest);
        }

        public void Dispose() => _folder.Dispose();

        private UnlockContext Context => new(HostState.For(_folder["watching"]), NullSink.Instance, TimeProvider.System);

        private async Task<UnlockedVault> UnlockAsync(LocalTarget target)
        {
            using var credential = CredentialFile.Read(_folder["owner.key"], NullSink.Instance);
            return await (await LockedVault.OpenAsync(target, CrashScene.Token)).UnlockAsync(credential, Context, CrashScene.Token);
        }

        private void Change()
        {
            var state = _states[^1].ToArray();
            for (var file = 0; file < FileCount; file++)
            {
                if (state[file] == 0 || random.Next(2) == 0)
                {
                    state[file] = random.Next(1, int.MaxValue);
                    CrashScene.Write(_folder["source"], $"{file}.bin", FileBytes, state[file]);
                }
            }

            _states.Add(state);
        }

        private async Task RequireRestorableAsync(UnlockedVault vault, Snapshot snapshot)
        {
            var destination = _folder["restored"];
            await using (var door = FileSystemDestination.Open(destination, DestinationOptions.Default))
            {
                Assert.Empty((await RestoreCorridor.RunAsync(new RestoreRequest(vault.RequireReader(), snapshot), door, RunContext.Unwatched, CrashScene.Token)).Faults);
            }

            var state = _states[int.Parse(Assert.Single(snapshot.Tags), CultureInfo.InvariantCulture)];
            for (var file = 0; file < FileCount; file++)
            {
                var expected = new byte[FileBytes];
                new Random(state[file]).NextBytes(expected);
                Assert.True(File.ReadAllBytes(Path.Combine(destination, "source", $"{file}.bin")).AsSpan().SequenceEqual(expected), $"File {file} of {snapshot.Id} differs.");
            }

            Directory.Delete(destination, recursive: true);
        }
    }
}
