using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Faults;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>
/// A vault over a bad line: backups, restores and checks one after the other. A run may fail, and says why. A restore gives each file as it was or names it. What was
/// acknowledged is whole when the line is good again; and where a stored pack is really damaged, that is named and no file is other than it was.
/// </summary>
internal sealed class VaultScheduleRun : ScheduleStory
{
    private const int Rounds = 3;
    private const int PackBytes = 64 * 1024;
    private const int MostFileBytes = 120_000;

    private readonly int _seed;
    private readonly ScheduleLane _lane;
    private readonly Random _random;
    private readonly FaultSchedule _schedule;
    private readonly Dictionary<SnapshotId, Dictionary<string, byte[]>> _acknowledged = [];
    private readonly SortedDictionary<string, byte[]> _files = new(StringComparer.Ordinal);
    private string _doing = "";

    /// <summary>Old listings are left out: no target here says that its listings may lag.</summary>
    internal VaultScheduleRun(int seed, ScheduleLane lane)
    {
        (_seed, _lane, _random) = (seed, lane, new Random(seed));
        _schedule = FaultSchedule.Rate(seed, lane.FaultRate, [.. lane.Impossible, FaultKind.StaleListing]);
    }

    internal override IReadOnlyList<FaultKind> Happened => _schedule.Happened;

    internal override async Task RunAsync()
    {
        await ForgetAsync();
        _lane.CorruptObjects();
        using var scene = await PipelineScene.CreateAsync(_lane.Clean, PackBytes, ChunkerCatalog.Small);
        for (var round = 0; round < Rounds; round++)
        {
            Change(scene, round);
            await BackUpAsync(scene);
            await OverBadLineAsync(scene, "restore", () => RestoreAsync(scene, _random.Next(_acknowledged.Count)));
            await OverBadLineAsync(scene, "check", () => scene.VerifyAsync(_acknowledged.Keys.Last()));
        }

        await ProveAsync(scene);
        await DamageAsync(scene);
        await ForgetAsync();
    }

    internal override async Task ForgetAsync()
    {
        _lane.Begin(FaultSchedule.None());
        await _lane.Clean.DeleteManyAsync([.. await _lane.Clean.ListAsync("", PipelineScene.Token).Select(static stat => stat.Name).ToListAsync(PipelineScene.Token)], PipelineScene.Token);
    }

    private void Change(PipelineScene scene, int round)
    {
        for (var file = _random.Next(2, 6); file >= 0; file--)
        {
            var bytes = new byte[_random.Next(MostFileBytes)];
            _random.NextBytes(bytes);
            _files[$"file-{_random.Next(8)}"] = bytes;
            _files[$"new-{round}-{file}"] = bytes[..(bytes.Length / 2)];
        }

        foreach (var (name, bytes) in _files)
        {
            scene.Write(name, bytes);
        }
    }

    /// <summary>Until it succeeds; over a good line at the latest, where whatever the tries before have left must be in nobody's way.</summary>
    private async Task BackUpAsync(PipelineScene scene)
    {
        var id = await OverBadLineAsync(scene, "back up", async () => (SnapshotId?)(await scene.BackUpAsync()).Snapshot.Id)
            ?? (await scene.BackUpAsync()).Snapshot.Id;
        _acknowledged.Add(id, new Dictionary<string, byte[]>(_files, StringComparer.Ordinal));
    }

    /// <returns>Null where it failed, as it may: with a code, and by no other exception.</returns>
    private async Task<T?> OverBadLineAsync<T>(PipelineScene scene, string doing, Func<Task<T>> call)
    {
        _doing = doing;
        scene.Target = _lane.Faulty;
        _lane.Begin(_schedule);
        try
        {
            return await call();
        }
        catch (BackupException)
        {
            return default;
        }
        finally
        {
            _lane.Begin(FaultSchedule.None());
            scene.Target = _lane.Clean;
        }
    }

    private async Task<IReadOnlyList<EntryFault>> RestoreAsync(PipelineScene scene, int snapshot)
    {
        var (id, files) = _acknowledged.ElementAt(snapshot);
        using var folder = new TempFolder();
        var result = await scene.RestoreAsync(id, folder.FullPath);
        foreach (var (name, bytes) in files)
        {
            var path = folder[$"source/{name}"];
            Require(
                File.Exists(path) ? bytes.AsSpan().SequenceEqual(File.ReadAllBytes(path)) : IsNamed(name, result.Faults),
                $"{name} of snapshot {snapshot} is {(File.Exists(path) ? "other than it was" : "missing and not named")} in {string.Join("; ", result.Faults)}");
        }

        Require(folder.Files().Length <= files.Count, $"snapshot {snapshot} gave more files than it has");
        return result.Faults;
    }

    private async Task ProveAsync(PipelineScene scene)
    {
        _doing = "the look afterwards";
        for (var snapshot = 0; snapshot < _acknowledged.Count; snapshot++)
        {
            Require((await RestoreAsync(scene, snapshot)).Count == 0, $"snapshot {snapshot} does not come back whole");
        }

        var check = await scene.VerifyAsync(_acknowledged.Keys.Last());
        Require(check.Faults.Count == 0, $"the newest snapshot is damaged: {string.Join("; ", check.Faults)}");
    }

    /// <summary>One bit of one pack is another one in the store itself, and the line is bad again.</summary>
    private async Task DamageAsync(PipelineScene scene)
    {
        var packs = await _lane.Clean.ListAsync("packs/", PipelineScene.Token).OrderByDescending(static stat => stat.LengthBytes).ThenBy(static stat => stat.Name).ToListAsync(PipelineScene.Token);
        var pack = packs[0];
        var bytes = new byte[pack.LengthBytes];
        await _lane.Clean.ReadAsync(pack.Name, 0, bytes, PipelineScene.Token);
        bytes[bytes.Length / 3] ^= 1;
        await _lane.Clean.DeleteAsync(pack.Name, PipelineScene.Token);
        await _lane.Clean.PutAsync(pack.Name, new MemoryStream(bytes), PutOptions.Default, PipelineScene.Token);

        await OverBadLineAsync(scene, "restore from a damaged pack", () => RestoreAsync(scene, _acknowledged.Count - 1));
        var named = 0;
        for (var snapshot = 0; snapshot < _acknowledged.Count; snapshot++)
        {
            var lost = await RestoreAsync(scene, snapshot);
            var found = (await scene.VerifyAsync(_acknowledged.Keys.ElementAt(snapshot))).Faults;
            Require(lost.Count == 0 || found.Count > 0, $"snapshot {snapshot} has lost something that a check does not find");
            named += found.Count;
        }

        Require(named > 0, $"the damage of {pack.Name} is not named");
    }

    /// <summary>Itself, the page of the listing that it stands in, or all of it.</summary>
    private static bool IsNamed(string name, IReadOnlyList<EntryFault> faults) => faults.Any(fault => fault.Path.Split(" … ") switch
    {
        [var first, var last] => string.CompareOrdinal(first, $"source/{name}") <= 0 && string.CompareOrdinal($"source/{name}", last) <= 0,
        [var path] => path is "(the whole snapshot)" or "source" || path.EndsWith($"/{name}", StringComparison.Ordinal),
        _ => false,
    });

    private void Require(bool isKept, string what)
    {
        if (!isKept)
        {
            throw new InvalidOperationException($"Schedule {_seed}, {_doing}: {what}. What went wrong on the way: {string.Join(", ", _schedule.Happened)}.");
        }
    }
}
