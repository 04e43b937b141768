using System.Globalization;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>
/// One schedule: from its number follow what is done, with which bytes, and what goes wrong meanwhile. After it, and at every answer on the way, what the store holds
/// must be what was acknowledged; of what was not, all or nothing.
/// </summary>
internal sealed class ScheduleRun : ScheduleStory
{
    private const int MostBytes = 64 * 1024;
    private const int BigBytes = 6 << 20;
    private const int BigOneIn = 8;
    private const int OutageOneIn = 16;

    private readonly int _seed;
    private readonly ScheduleLane _lane;
    private readonly CancellationToken _cancel;
    private readonly Random _random;
    private readonly FaultSchedule _schedule;
    private readonly ObjectModel _model = new();
    private readonly string _folder;
    private string _doing = "";
    private bool _hasBig;

    internal ScheduleRun(int seed, ScheduleLane lane, CancellationToken cancel)
    {
        _seed = seed;
        _lane = lane;
        _cancel = cancel;
        _random = new Random(seed);
        _folder = string.Create(CultureInfo.InvariantCulture, $"s{seed}/");
        _hasBig = seed % BigOneIn != 0;
        _schedule = seed % OutageOneIn == OutageOneIn - 1 ? FaultSchedule.Outage(seed, lane.UsualRequests - 4, 2 * (ScheduleLane.Patience.MaxRetries + 1)) : FaultSchedule.Few(seed, lane.UsualRequests, [.. lane.Impossible]);
    }

    internal override IReadOnlyList<FaultKind> Happened => _schedule.Happened;

    internal override async Task RunAsync()
    {
        var before = await _lane.LeftoversAsync();
        _lane.Begin(_schedule);
        for (var operation = _random.Next(8, 13); operation > 0; operation--)
        {
            await CountAsync(NextOperation());
        }

        _lane.Begin(FaultSchedule.None());
        _doing = "the look afterwards";
        await CheckAsync();
        await _lane.Clean.DeleteManyAsync([.. _model.Names], _cancel);
        var left = (await _lane.LeftoversAsync()).Except(before).ToList();
        Require(left.Count <= _lane.MostLeftovers(_schedule.Happened), $"left behind: {string.Join(", ", left)}");
    }

    internal override async Task ForgetAsync()
    {
        _lane.Begin(FaultSchedule.None());
        await _lane.Clean.DeleteManyAsync([.. await _lane.Clean.ListAsync(_folder, _cancel).Select(static stat => stat.Name).ToListAsync(_cancel)], _cancel);
    }

    private (int MostRequests, Func<Task> Do) NextOperation()
    {
        var known = _model.Names.Count == 0 ? null : (ObjectName?)_model.Names.ElementAt(_random.Next(_model.Names.Count));
        if (known is not { } name)
        {
            return Put(NewName(), Bytes(), isOwn: true);
        }

        switch (_random.Next(20))
        {
            case < 7:
                return Put(NewName(), Bytes(), isOwn: _random.Next(4) != 0);
            case 7:
                return Put(name, _model.At(name)[^1] ?? Bytes(), isOwn: _random.Next(2) == 0);
            case 8:
                return Put(name, Bytes(), isOwn: false);
            case < 12:
                return (_lane.MostRequests(1), () => FetchAsync(name));
            case < 14:
                return (_lane.MostRequests(1), () => ReadAsync(name));
            case 14:
                return (_lane.MostRequests(2), () => StatAsync(name));
            case < 18:
                return (_lane.MostRequests(1), ListAsync);
            case 18:
                return (_lane.MostRequests(2), () => DeleteAsync([name], many: false));
            default:
                return (_lane.MostRequests(4), () => DeleteAsync([name, NewName(), _model.Names.ElementAt(_random.Next(_model.Names.Count))], many: true));
        }
    }

    /// <summary>Tries are bounded, where the line obeys the schedule alone none is needless, and each costs no more than the call does when all is well.</summary>
    private async Task CountAsync((int MostRequests, Func<Task> Do) operation)
    {
        var (before, begun) = (_lane.Faulty.Meter.Sample(), _schedule.Happened.Count);
        await operation.Do();
        var spent = _lane.Faulty.Meter.Sample().Since(before);
        var most = _lane.IsExact ? Math.Min(Since(begun).Count, ScheduleLane.Patience.MaxRetries) : ScheduleLane.Patience.MaxRetries;
        Require(spent.Retries <= most, $"{spent.Retries} retries where {most} are the most");
        var times = 1 + spent.Retries + Since(begun).Count(static kind => kind == FaultKind.Duplicate);
        Require(spent.Requests <= operation.MostRequests * times, $"{spent.Requests} requests in {1 + spent.Retries} tries");
    }

    private (int MostRequests, Func<Task> Do) Put(ObjectName name, byte[] bytes, bool isOwn) => (_lane.PutRequests(bytes.Length), async () =>
    {
        _doing = $"put {bytes.Length} bytes at {name}{(isOwn ? "" : ", which others may choose")}";
        var begun = _schedule.Happened.Count;
        using var content = new MemoryStream(bytes, writable: false);
        try
        {
            await _lane.Faulty.PutAsync(name, content, new PutOptions(Sha256: _random.Next(2) == 0 ? ContentHash.Of(bytes) : null) { IsOwnName = isOwn }, _cancel);
            Require(_model.At(name).Contains(null) || _model.Allows(name, bytes), "acknowledged although other bytes were there");
            _model.Is(name, bytes);
        }
        catch (TargetException exception) when (exception.Fault == TargetFault.AlreadyExists)
        {
            if (_model.At(name).Any(static stored => stored is not null))
            {
                _model.Exists(name);
                return;
            }

            Require(!isOwn && Since(begun).Contains(FaultKind.Duplicate), "refused, as if there were something", exception);
            _model.Is(name, bytes);
        }
        catch (TargetException exception)
        {
            RequireExcuse(exception, begun);
            if (_model.At(name).Contains(null))
            {
                _model.MayBe(name, bytes);
            }
        }
    });

    private async Task FetchAsync(ObjectName name)
    {
        _doing = $"fetch {name}";
        await ExcusedAsync(async () =>
        {
            var whole = await _lane.Faulty.TryFetchAsync(name, BigBytes, _cancel);
            Require(_model.Allows(name, whole?.Bytes?.ToArray()), whole is null ? "nothing there" : $"{whole.Bytes?.Length} bytes that are not those stored");
        });
    }

    private async Task ReadAsync(ObjectName name)
    {
        var known = _model.At(name).FirstOrDefault(static bytes => bytes is not null) ?? new byte[1];
        var offset = _random.Next(known.Length + 1);
        var part = new byte[_random.Next(known.Length - offset + 1)];
        _doing = $"read {part.Length} bytes of {name} from {offset}";
        await ExcusedAsync(async () =>
        {
            try
            {
                await _lane.Faulty.ReadAsync(name, offset, part, _cancel);
                Require(_model.At(name).Any(bytes => bytes is not null && offset + part.Length <= bytes.Length && bytes.AsSpan(offset, part.Length).SequenceEqual(part)), "not the bytes stored");
            }
            catch (TargetException exception) when (exception.Fault == TargetFault.NotFound)
            {
                Require(_model.At(name).Contains(null), "not found", exception);
            }
            catch (TargetException exception) when (exception.Fault == TargetFault.OutOfRange)
            {
                Require(_model.At(name).Any(bytes => bytes?.Length < offset + part.Length), "out of range", exception);
            }
        });
    }

    private async Task StatAsync(ObjectName name)
    {
        _doing = $"look up {name}";
        await ExcusedAsync(async () =>
        {
            var stat = await _lane.Faulty.StatAsync(name, _cancel);
            Require(_model.Allows(name, stat?.LengthBytes), $"said to have {stat?.LengthBytes} bytes");
        });
    }

    private async Task ListAsync()
    {
        _doing = "list";
        var begun = _schedule.Happened.Count;
        await ExcusedAsync(async () =>
        {
            var listing = await _lane.Faulty.ListAsync(_folder, _cancel).ToListAsync(_cancel);
            var since = Since(begun);
            Require(
                since.Contains(FaultKind.CorruptAnswer) || _model.Allows(listing, maybeOld: since.Contains(FaultKind.StaleListing)),
                $"listed as {string.Join(", ", listing.Select(stat => $"{stat.Name} ({stat.LengthBytes})"))}");
        });
    }

    private async Task DeleteAsync(IReadOnlyList<ObjectName> names, bool many)
    {
        _doing = $"delete {string.Join(", ", names)}";
        var begun = _schedule.Happened.Count;
        try
        {
            await (many ? _lane.Faulty.DeleteManyAsync(names, _cancel) : _lane.Faulty.DeleteAsync(names[0], _cancel));
            names.ToList().ForEach(name => _model.Is(name, null));
        }
        catch (TargetException exception)
        {
            RequireExcuse(exception, begun);
            names.ToList().ForEach(name => _model.MayBe(name, null));
        }
    }

    private async Task ExcusedAsync(Func<Task> call)
    {
        var begun = _schedule.Happened.Count;
        try
        {
            await call();
        }
        catch (TargetException exception)
        {
            RequireExcuse(exception, begun);
        }
    }

    /// <summary>
    /// A call fails where more went wrong in it than is tried again, or where an answer was changed on its way; and what it throws is a target's. A line on a busy machine may
    /// seem to hang once more than the schedule says.
    /// </summary>
    private void RequireExcuse(TargetException exception, int begun)
    {
        var since = Since(begun);
        Require(since.Contains(FaultKind.CorruptAnswer) || (exception.IsTransient && since.Count > ScheduleLane.Patience.MaxRetries - (_lane.IsExact ? 0 : 1)), "failed", exception);
    }

    private async Task CheckAsync()
    {
        var listing = await _lane.Clean.ListAsync(_folder, _cancel).ToListAsync(_cancel);
        Require(_model.Allows(listing, maybeOld: false), $"listed as {string.Join(", ", listing.Select(stat => $"{stat.Name} ({stat.LengthBytes})"))}");
        var listed = listing.Select(static stat => stat.Name).ToHashSet();
        foreach (var name in _model.Names)
        {
            var whole = await _lane.Clean.TryFetchAsync(name, BigBytes, _cancel);
            Require(listed.Contains(name) == whole is not null && _model.Allows(name, whole?.Bytes?.ToArray()), $"{name} has {whole?.Bytes?.Length} bytes that are not those stored");
        }
    }

    private List<FaultKind> Since(int begun) => [.. _schedule.Happened.Skip(begun)];

    private ObjectName NewName() => new(string.Create(CultureInfo.InvariantCulture, $"{_folder}{(_random.Next(2) == 0 ? "" : "deep/")}{_random.Next():x8}"));

    private byte[] Bytes()
    {
        var bytes = new byte[_hasBig ? _random.Next(MostBytes + 1) : BigBytes];
        _hasBig = true;
        _random.NextBytes(bytes);
        return bytes;
    }

    private void Require(bool isKept, string what, Exception? exception = null)
    {
        if (!isKept)
        {
            throw new InvalidOperationException($"Schedule {_seed}, {_doing}: {what}. What went wrong on the way: {string.Join(", ", _schedule.Happened)}.", exception);
        }
    }
}
