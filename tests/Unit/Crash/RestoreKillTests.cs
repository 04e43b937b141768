using System.Globalization;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Sources;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;

namespace SecureBackup.Tests.Unit.Crash;

/// <summary>Kills a mirror in place, in a process of its own, at many moments: a file is what it was or what it is to be, nothing of the snapshot goes, and the next run ends it.</summary>
public sealed class RestoreKillTests
{
    private const int FileCount = 40;
    private const int FileBytes = 120_000;
    private const int ExtraCount = 400;

    private static readonly int Kills = CrashScene.IsLong ? 300 : 12;

    [Fact]
    public async Task No_kill_leaves_half_a_file_and_the_next_run_ends_the_work()
    {
        var seed = Random.Shared.Next();
        TestContext.Current.TestOutputHelper?.WriteLine($"Seed {seed}.");
        var random = new Random(seed);
        using var folder = TempFolder.InMemory();
        var wanted = await PrepareAsync(folder);
        var workTime = TimeSpan.FromMilliseconds(300);
        var (kills, reached) = (0, new HashSet<string>(StringComparer.Ordinal));
        for (var attempt = 0; kills < Kills; attempt++)
        {
            Assert.True(attempt < 4 * Kills, $"Only {kills} of {attempt} runs were still at work when they were to be killed.");
            var spoiled = Spoil(folder, random, attempt);
            var end = await RunAsync(folder, 1.2 * workTime * random.NextDouble());
            workTime = end?.Elapsed ?? workTime;
            kills += end is null ? 1 : 0;
            reached.Add(Judge(folder, wanted, spoiled));
        }

        var last = await RunAsync(folder, killAfter: null);
        Assert.Equal(0, last!.Faults);
        Assert.Equal(wanted.Keys.Order(StringComparer.Ordinal), Files(folder).Order(StringComparer.Ordinal));
        Assert.Equal("whole", Judge(folder, wanted, []));
        TestContext.Current.TestOutputHelper?.WriteLine($"{kills} kills left: {string.Join(", ", reached.Order(StringComparer.Ordinal))}.");
    }

    /// <summary>Each may find a file in the other's hands and say so. One that does sweeps nothing, so extras may stay; the snapshot's files are right all the same.</summary>
    [Fact]
    public async Task Two_at_once_in_one_place_leave_what_the_snapshot_has()
    {
        using var folder = TempFolder.InMemory();
        var wanted = await PrepareAsync(folder);
        for (var round = 0; round < 3; round++)
        {
            var spoiled = Spoil(folder, new Random(round), round);
            var ends = await Task.WhenAll(RunAsync(folder, killAfter: null), RunAsync(folder, killAfter: null));
            Assert.Superset(wanted.Keys.ToHashSet(StringComparer.Ordinal), Files(folder).ToHashSet(StringComparer.Ordinal));
            var left = Judge(folder, wanted, spoiled);
            Assert.True(left is "whole" || (left is "sweeping" && ends.All(static end => end!.Faults > 0)), $"It is {left} after runs with {ends[0]!.Faults} and {ends[1]!.Faults} faults.");
        }

        Assert.Equal(0, (await RunAsync(folder, killAfter: null))!.Faults);
        Assert.Equal("whole", Judge(folder, wanted, []));
    }

    /// <returns>The files of the snapshot and what they hold.</returns>
    private static async Task<Dictionary<string, byte[]>> PrepareAsync(TempFolder folder)
    {
        for (var i = 0; i < FileCount; i++)
        {
            CrashScene.Write(folder["source"], $"d{i % 5}/{i}.bin", FileBytes, i + 1);
        }

        await using var target = LocalTarget.Create(folder["vault"]);
        var context = new UnlockContext(HostState.For(folder["cache"]), NullSink.Instance, TimeProvider.System);
        using var vault = await VaultCreator.CreateAsync(target, CrashScene.CreationWith(folder["owner.key"]), context, CrashScene.Token);
        var options = new FileSystemSourceOptions { Roots = RootNames.Assign([folder["source"]]) };
        using var source = FileSystemSource.Open(options, TimeProvider.System);
        await BackupCorridor.RunAsync(vault, source, new BackupOptions { DataSet = "shop", HostName = "host", Rules = RuleText.Of(options) }, RunContext.Unwatched, CrashScene.Token);
        return Files(folder).ToDictionary(static name => name, name => File.ReadAllBytes(Path.Combine(folder["source"], name)), StringComparer.Ordinal);
    }

    /// <returns>What was put there, by name.</returns>
    private static Dictionary<string, byte[]> Spoil(TempFolder folder, Random random, int attempt)
    {
        // Every other time the files are left alone, so that the kill finds the sweep.
        for (var i = 0; i < FileCount && attempt % 2 == 0; i++)
        {
            var name = $"d{i % 5}/{i}.bin";
            var path = Path.Combine(folder["source"], name);
            switch (random.Next(4))
            {
                case 0:
                    CrashScene.Write(folder["source"], name, FileBytes, random.Next(1000, int.MaxValue));
                    break;
                case 1:
                    File.Delete(path);
                    break;
                case 2 when File.Exists(path):
                    var bytes = File.ReadAllBytes(path);
                    bytes[random.Next(bytes.Length)] ^= 1;
                    File.WriteAllBytes(path, bytes);
                    break;
            }
        }

        for (var i = 0; i < ExtraCount; i++)
        {
            CrashScene.Write(folder["source"], $"extra-{attempt}/{i}.bin", 100, i + 1);
        }

        return Files(folder).ToDictionary(static name => name, name => File.ReadAllBytes(Path.Combine(folder["source"], name)), StringComparer.Ordinal);
    }

    /// <returns>How far the restore came.</returns>
    private static string Judge(TempFolder folder, Dictionary<string, byte[]> wanted, Dictionary<string, byte[]> spoiled)
    {
        var (right, extras) = (0, 0);
        foreach (var name in Files(folder))
        {
            var found = File.ReadAllBytes(Path.Combine(folder["source"], name));
            var isRight = wanted.TryGetValue(name, out var content) && found.AsSpan().SequenceEqual(content);
            Assert.True(isRight || (spoiled.TryGetValue(name, out var old) && found.AsSpan().SequenceEqual(old)), $"'{name}' is neither what it was nor what it is to be.");
            right += isRight ? 1 : 0;
            extras += wanted.ContainsKey(name) ? 0 : 1;
        }

        // Nothing is deleted before everything is right.
        Assert.True(right == wanted.Count || extras >= spoiled.Keys.Count(name => !wanted.ContainsKey(name)), "Something was deleted before all was restored.");
        return right < wanted.Count ? "restoring" : extras > 0 ? "sweeping" : "whole";
    }

    private static IEnumerable<string> Files(TempFolder folder) => Directory.EnumerateFiles(folder["source"], "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(folder["source"], path).Replace('\\', '/'))
        .Where(static name => !Path.GetFileName(name).StartsWith(".securebackup-", StringComparison.Ordinal));

    /// <returns>Null when it was killed at its work.</returns>
    private static async Task<RunEnd?> RunAsync(TempFolder folder, TimeSpan? killAfter)
    {
        var fields = await CrashProgram.RunAsync(killAfter, "restore", folder["vault"], folder["owner.key"], folder["cache"], folder["source"]);
        return fields is null ? null : new RunEnd(int.Parse(fields[0], CultureInfo.InvariantCulture), TimeSpan.FromMilliseconds(double.Parse(fields[1], CultureInfo.InvariantCulture)));
    }

    private sealed record RunEnd(int Faults, TimeSpan Elapsed);
}
