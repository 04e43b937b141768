using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Pipeline.Collection;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Vault;
using static SecureBackup.Tests.Unit.Collection.CollectionScene;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>
/// One schedule, made of its seed. Two writers with files of their own that share contents, and two maintainers, take turns; in the middle of each turn time may pass, others may act, and the line
/// may die. The reference model is what each snapshot was made of. Each turn has random numbers of its own: the engine's threads and the vault's random ids are not the seed's, and what they
/// make of one turn shall not change the next ones.
/// </summary>
internal sealed class Schedule : IDisposable
{
    private const int Steps = 12;

    /// <summary>Grace time and session lapse.</summary>
    private static readonly TimeSpan Half = TimeSpan.FromHours(12);

    private readonly CollectionScene _scene = new();
    private readonly int _seed;
    private readonly TimeSpan _lag;
    private readonly ScheduleTally _tally;
    private readonly List<SortedDictionary<string, (byte[] Bytes, long Version)>> _files = [new(StringComparer.Ordinal), new(StringComparer.Ordinal)];
    private readonly List<ChaosTarget> _lines = [];
    private readonly List<UnlockedVault> _vaults = [];
    private UnlockedVault _judge = null!;
    private Random _random;
    private int _depth;
    private int _version;

    internal Schedule(int seed, TimeSpan lag, ScheduleTally tally)
    {
        _seed = seed;
        _random = RandomOf(0);
        _lag = lag;
        _tally = tally;
    }

    internal List<string> Journal { get; } = [];

    internal async Task RunAsync()
    {
        _judge = await _scene.CreateAsync();
        await _judge.AppendAsync([VaultPolicy.Default with { DeduplicationTrust = TrustedPacks.AllMembers, GraceTime = Half, SessionLapse = Half }], Token);
        await WriterKeys.ExportAsync(_judge, "writer", _scene["writer.key"], null, Token);
        for (var party = 0; party < 4; party++)
        {
            _lines.Add(new ChaosTarget(_scene.Target, _scene.Time, _random.Next()) { Lag = _lag });
            _vaults.Add(await _scene.OpenAsync($"party-{party}", party == 1 ? _scene["writer.key"] : null, _lines[party]));
        }

        await BackUpAsync(0);
        await BackUpAsync(1);
        for (var step = 1; step <= Steps; step++)
        {
            _random = RandomOf(step);
            await ActAsync(_random.Next(10));
            await JudgeAsync(isLast: false);
        }

        await JudgeAsync(isLast: true);
    }

    public void Dispose()
    {
        _tally.Missed += _lines.Sum(static line => line.Missed);
        _vaults.ForEach(static vault => vault.Dispose());
        _judge?.Dispose();
        _scene.Dispose();
    }

    private Task ActAsync(int action) => action switch
    {
        0 or 1 or 2 or 3 => BackUpAsync(_random.Next(2)),
        4 => CollectLaterAsync(2 + _random.Next(2)),
        5 or 6 => TendAsync(),
        7 or 8 => RemoveAsync(_random.Next(_scene.Expected.Count)),
        _ => PassAsync(),
    };

    private Random RandomOf(int step) => new((_seed * 64) + step);

    /// <summary>
    /// As it is meant to be: all but a few go, and what one call chose is rewritten by the next, of either maintainer, when the grace time is over. What those that went had in common with the
    /// others lies in packs that are half empty then.
    /// </summary>
    private async Task TendAsync()
    {
        for (var keep = 1 + _random.Next(3); _scene.Expected.Count > keep;)
        {
            await RemoveAsync(0);
        }

        for (var calls = 3; calls > 0; calls--)
        {
            await WaitAsync(13);
            await CollectAsync(2 + _random.Next(2));
        }
    }

    /// <summary>So that markers come of age.</summary>
    private async Task CollectLaterAsync(int party)
    {
        await PassAsync(14);
        await CollectAsync(party);
    }

    private Task PassAsync(int atMost = 20) => WaitAsync(_random.Next(1, atMost + 1));

    private Task WaitAsync(int hours)
    {
        Journal.Add($"{hours} hours pass");
        _scene.Time.Advance(TimeSpan.FromHours(hours));
        return Task.CompletedTask;
    }

    /// <summary>In the middle of a turn: the party sleeps, and another acts meanwhile.</summary>
    private async Task InterruptAsync(int party)
    {
        _depth++;
        _tally.Slept++;
        for (var others = _random.Next(1, 4); others > 0; others--)
        {
            await PassAsync();
            var other = _random.Next(4);
            if (other != party && _depth < 2)
            {
                await (other < 2 ? BackUpAsync(other) : CollectAsync(other));
            }
        }

        _depth--;
    }

    private void Arm(int party, int operations)
    {
        var interruptAt = _random.Next(party < 2 ? 2 : 3) == 0 ? _random.Next(1, operations) : -1;
        var dieAt = _random.Next(5) == 0 ? _random.Next(1, operations) : -1;
        _lines[party].Arm(interruptAt, () => InterruptAsync(party), dieAt, _random.Next(2) == 0);
    }

    private bool IsAtWork(int party) => _lines[party].Interruption is not null;

    private async Task BackUpAsync(int party)
    {
        if (IsAtWork(party))
        {
            return;
        }

        Change(_files[party]);
        Arm(party, 70);
        var begun = _scene.Time.GetUtcNow();
        var before = await IdsAsync();
        var picture = Picture(_files[party]);
        var lapses = _scene.Sink.Codes.Count(static code => code == FaultCodes.SessionLapsed);
        Journal.Add($"writer {party} begins");
        try
        {
            var result = await BackupCorridor.RunAsync(_vaults[party], new MemorySource(_files[party]), OptionsFor($"set-{party}"), new RunContext(new(), _scene.Sink), Token);
            _scene.Expected[result.Snapshot.Id] = picture;
            _tally.Backups++;
            Journal.Add($"writer {party} has made {result.Snapshot.Id}");
        }
        catch (TargetException) when (_lines[party].HasDied)
        {
            _tally.Crashed++;
            Journal.Add($"writer {party} has crashed at operation {_lines[party].Operations}");
        }
        catch (VaultException lapse) when (lapse.Code == FaultCodes.SessionLapsed)
        {
            Journal.Add($"writer {party} has lapsed twice");
        }

        _lines[party].Arm(-1, null, -1, false);
        var hasLapsed = _scene.Sink.Codes.Count(static code => code == FaultCodes.SessionLapsed) > lapses;
        _tally.Lapsed += hasLapsed ? 1 : 0;
        await TakeInAsync(party, before, picture, begun);
    }

    /// <summary>A snapshot that arrived although its run reported none: it counts, unless it came too late for its session and the run died before it could notice.</summary>
    private async Task TakeInAsync(int party, HashSet<SnapshotId> before, Dictionary<string, ContentHash> picture, DateTimeOffset begun)
    {
        foreach (var snapshot in (await SnapshotCatalog.LoadAsync(_judge, Token)).Snapshots
            .Where(snapshot => string.Equals(snapshot.DataSet, $"set-{party}", StringComparison.Ordinal) && !before.Contains(snapshot.Id) && !_scene.Expected.ContainsKey(snapshot.Id)))
        {
            if (await IsWholeAsync(snapshot))
            {
                _scene.Expected[snapshot.Id] = picture;
            }
            else
            {
                Journal.Add($"{snapshot.Id} was never reported, came too late, and is removed");
                Journal.Add($"AGE {snapshot.StoreTime - begun}");
                Assert.True(snapshot.StoreTime - begun > Half, $"{snapshot.Id} came in time and is not whole.");
                await RemoveQuietlyAsync(snapshot.Id);
            }
        }
    }

    private async Task<bool> IsWholeAsync(Snapshot snapshot)
    {
        try
        {
            await ReadBackAsync(_judge, snapshot);
            var request = new VerifyRequest(_judge.RequireReader(), snapshot, await SnapshotCatalog.LoadAsync(_judge, Token));
            return (await VerifyCorridor.RunAsync(request, RunContext.Unwatched, Token)).Faults.Count == 0;
        }
        catch (IntegrityException)
        {
            return false;
        }
    }

    private async Task CollectAsync(int party)
    {
        if (IsAtWork(party))
        {
            return;
        }

        Arm(party, 150);
        Journal.Add($"maintainer {party} begins");
        try
        {
            var result = await CollectCorridor.RunAsync(_vaults[party], new CollectOptions { MaxUnusedPercent = 25 }, new RunContext(new(), _scene.Sink), Token);
            _tally.Deleted += result.PacksDeleted;
            _tally.Compacted += result.PacksCompacted;
            Journal.Add($"maintainer {party} has condemned {result.PacksCondemned}, chosen {result.PacksChosen}, deleted {result.PacksDeleted}, compacted {result.PacksCompacted}");
        }
        catch (TargetException) when (_lines[party].HasDied)
        {
            _tally.Crashed++;
            Journal.Add($"maintainer {party} has crashed at operation {_lines[party].Operations}");
        }
        catch (VaultException stop) when (_lag > TimeSpan.Zero && (stop.Code == FaultCodes.CollectionStopped || stop.Code == FaultCodes.ReferenceSetUnreadable))
        {
            // A listing that lacks a removal record makes a snapshot look missing; the next call sees it.
            Journal.Add($"maintainer {party} has stopped: {stop.Message}");
        }

        _lines[party].Arm(-1, null, -1, false);
    }

    private async Task RemoveAsync(int number)
    {
        if (_scene.Expected.Count > 1)
        {
            await RemoveQuietlyAsync(_scene.Expected.Keys.ElementAt(number));
            _tally.Removed++;
        }
    }

    private async Task RemoveQuietlyAsync(SnapshotId id)
    {
        Journal.Add($"{id} is removed");
        await _scene.RemoveAsync(_judge, id);
    }

    /// <summary>Contents come from a small pool, so that writers have much in common and things come back.</summary>
    private void Change(SortedDictionary<string, (byte[] Bytes, long Version)> files)
    {
        for (var i = files.Count == 0 ? 8 : _random.Next(1, 5); i > 0 || files.Count == 0; i--)
        {
            var name = $"file-{_random.Next(8)}";
            if (_random.Next(4) == 0)
            {
                files.Remove(name);
                continue;
            }

            var content = _random.Next(12);
            var bytes = new byte[2_000 + (content * 1_500)];
            new Random(content).NextBytes(bytes);
            files[name] = (bytes, ++_version);
        }
    }

    private async Task<HashSet<SnapshotId>> IdsAsync() => [.. (await SnapshotCatalog.LoadAsync(_judge, Token)).Snapshots.Select(static snapshot => snapshot.Id)];

    private async Task JudgeAsync(bool isLast)
    {
        var catalog = await SnapshotCatalog.LoadAsync(_judge, Token);
        Assert.Equal(_scene.Expected.Keys.Select(static id => id.Value).Order(), catalog.Snapshots.Select(static snapshot => snapshot.Id.Value).Order());
        foreach (var snapshot in catalog.Snapshots.Where(_ => isLast || _random.Next(3) == 0))
        {
            Assert.Equal(_scene.Expected[snapshot.Id], await ReadBackAsync(_judge, snapshot));
            _tally.Restored++;
            if (isLast)
            {
                Assert.Empty((await VerifyCorridor.RunAsync(new VerifyRequest(_judge.RequireReader(), snapshot, catalog), RunContext.Unwatched, Token)).Faults);
            }
        }
    }
}
