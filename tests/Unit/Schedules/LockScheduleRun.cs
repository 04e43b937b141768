using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>
/// Locks over a bad line: what was put with one has it, it only grows, and nobody deletes what it keeps, whatever went wrong on the way. What was asked for and not acknowledged
/// is there with its lock, or not at all.
/// </summary>
internal sealed class LockScheduleRun : ScheduleStory
{
    private const int MostBytes = 4096;

    private readonly int _seed;
    private readonly ScheduleLane _lane;
    private readonly CancellationToken _cancel;
    private readonly Random _random;
    private readonly FaultSchedule _schedule;
    private readonly string _folder;
    private readonly DateTimeOffset _now = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds());
    private readonly Dictionary<ObjectName, Kept> _kept = [];
    private string _doing = "";

    /// <summary>Old listings are left out: where a bucket keeps versions a delete goes by one.</summary>
    internal LockScheduleRun(int seed, ScheduleLane lane, CancellationToken cancel)
    {
        (_seed, _lane, _cancel, _random) = (seed, lane, cancel, new Random(seed));
        _folder = string.Create(CultureInfo.InvariantCulture, $"l{seed}/");
        _schedule = FaultSchedule.Few(seed, 20, FaultKind.StaleListing);
    }

    internal override IReadOnlyList<FaultKind> Happened => _schedule.Happened;

    internal override async Task RunAsync()
    {
        _lane.Begin(_schedule);
        for (var operation = _random.Next(6, 10); operation > 0; operation--)
        {
            var before = _lane.Faulty.Meter.Sample();
            await NextAsync();
            Require(_lane.Faulty.Meter.Sample().Since(before).Retries <= ScheduleLane.Patience.MaxRetries, "was tried too often");
        }

        _lane.Begin(FaultSchedule.None());
        await CheckAsync();
    }

    /// <summary>What is locked stays, and the next telling has other names.</summary>
    internal override Task ForgetAsync()
    {
        _lane.Begin(FaultSchedule.None());
        return Task.CompletedTask;
    }

    private Task NextAsync()
    {
        if (_kept.Count == 0)
        {
            return PutAsync();
        }

        var (name, kept) = _kept.ElementAt(_random.Next(_kept.Count));
        return _random.Next(10) switch
        {
            < 3 => PutAsync(),
            < 5 => ExtendAsync(name, kept, new ObjectLock(_lane.StrengthensLocks ? Stronger(kept.Lock.Mode) : kept.Lock.Mode, kept.Lock.Until.AddSeconds(_random.Next(1, 1000)))),
            5 => ShortenAsync(name, kept),
            6 => AskAsync(name, kept),
            7 => DeleteManyAsync(name, kept),
            _ => DeleteAsync(name, kept),
        };
    }

    private async Task PutAsync()
    {
        var name = NewName();
        var kept = new Kept(new byte[_random.Next(MostBytes)], new ObjectLock(Stronger(LockMode.Governance), _now.AddSeconds(3600 + _random.Next(3600))));
        _random.NextBytes(kept.Bytes);
        _doing = $"put {name} with a lock";
        kept.IsSure = await TryAsync(() => _lane.Faulty.PutAsync(name, new MemoryStream(kept.Bytes), PutOptions.Default with { Lock = kept.Lock, IsOwnName = true }, _cancel));
        _kept.Add(name, kept);
    }

    private async Task ExtendAsync(ObjectName name, Kept kept, ObjectLock until)
    {
        _doing = $"lengthen the lock of {name}";
        if (await TryAsync(() => _lane.Faulty.ExtendLockAsync(name, until, _cancel), kept))
        {
            (kept.Lock, kept.IsSure) = (until, true);
        }
        else
        {
            kept.MayBe = until;
        }
    }

    private async Task ShortenAsync(ObjectName name, Kept kept)
    {
        _doing = $"shorten the lock of {name}";
        await RefusedAsync(() => _lane.Faulty.ExtendLockAsync(name, kept.Lock with { Until = kept.Lock.Until.AddSeconds(-1) }, _cancel), kept);
    }

    private async Task AskAsync(ObjectName name, Kept kept)
    {
        _doing = $"ask for the lock of {name}";
        var begun = _schedule.Happened.Count;
        LockState? state = null;
        if (await TryAsync(async () => state = await _lane.Faulty.GetLockAsync(name, _cancel), kept))
        {
            Require(Since(begun).Contains(FaultKind.CorruptAnswer) || state!.IsAtLeast(kept.Lock), $"said to be {state}");
        }
    }

    private async Task DeleteAsync(ObjectName name, Kept kept)
    {
        _doing = $"delete {name}";
        await RefusedAsync(() => _lane.Faulty.DeleteAsync(name, _cancel), kept);
    }

    private async Task DeleteManyAsync(ObjectName name, Kept kept)
    {
        _doing = $"delete {name} and what is not there";
        await RefusedAsync(() => _lane.Faulty.DeleteManyAsync([name, NewName()], _cancel), kept);
    }

    /// <summary>Either it is there and locked, or it never came to be.</summary>
    private async Task RefusedAsync(Func<Task> call, Kept kept)
    {
        var begun = _schedule.Happened.Count;
        var isDone = await TryAsync(call, kept, TargetFault.Locked);
        Require(!isDone || !kept.IsSure || Since(begun).Contains(FaultKind.CorruptAnswer), "was not refused");
    }

    /// <returns>Whether it succeeded; else it failed as it may.</returns>
    private async Task<bool> TryAsync(Func<Task> call, Kept? kept = null, TargetFault? expected = null)
    {
        var begun = _schedule.Happened.Count;
        try
        {
            await call();
            return true;
        }
        catch (TargetException exception)
        {
            var since = Since(begun);
            Require(
                exception.Fault == expected
                || since.Contains(FaultKind.CorruptAnswer)
                || (exception.Fault == TargetFault.NotFound && kept is { IsSure: false })
                || (exception.Fault == TargetFault.Locked && kept?.MayBe is not null)
                || (exception.IsTransient && since.Count > ScheduleLane.Patience.MaxRetries - (_lane.IsExact ? 0 : 1)),
                "failed",
                exception);
            return false;
        }
    }

    private async Task CheckAsync()
    {
        foreach (var (name, kept) in _kept)
        {
            _doing = $"the look at {name} afterwards";
            var whole = await _lane.Clean.TryFetchAsync(name, MostBytes, _cancel);
            if (whole is null)
            {
                Require(!kept.IsSure, "is gone");
                continue;
            }

            Require(whole.Bytes!.Value.Span.SequenceEqual(kept.Bytes), "has other bytes");
            var state = await _lane.Clean.GetLockAsync(name, _cancel);
            Require(state.IsAtLeast(kept.Lock), $"is {state} and was to be {kept.Lock}");
            Require(await RefusesAsync(name), "can be deleted");
        }
    }

    private async Task<bool> RefusesAsync(ObjectName name)
    {
        try
        {
            await _lane.Clean.DeleteAsync(name, _cancel);
            return false;
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.Locked)
        {
            return true;
        }
    }

    private LockMode Stronger(LockMode mode) => mode == LockMode.Compliance || _random.Next(2) == 0 ? LockMode.Compliance : LockMode.Governance;

    private List<FaultKind> Since(int begun) => [.. _schedule.Happened.Skip(begun)];

    private ObjectName NewName() => new(string.Create(CultureInfo.InvariantCulture, $"{_folder}{_random.Next():x8}-{Guid.NewGuid():n}"));

    private void Require(bool isKept, string what, Exception? exception = null)
    {
        if (!isKept)
        {
            throw new InvalidOperationException($"Schedule {_seed}, {_doing}: {what}. What went wrong on the way: {string.Join(", ", _schedule.Happened)}.", exception);
        }
    }

    private sealed class Kept(byte[] bytes, ObjectLock asked)
    {
        internal byte[] Bytes => bytes;

        /// <summary>It has this one at the least.</summary>
        internal ObjectLock Lock { get; set; } = asked;

        /// <summary>It was acknowledged.</summary>
        internal bool IsSure { get; set; }

        /// <summary>Asked for and not acknowledged.</summary>
        internal ObjectLock? MayBe { get; set; }
    }
}
