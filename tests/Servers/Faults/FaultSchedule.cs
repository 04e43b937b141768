namespace SecureBackup.Tests.Servers.Faults;

/// <summary>Which requests go wrong, and how: all of it from a seed, the same every time. Used from any thread.</summary>
public sealed class FaultSchedule
{
    private const int UsualWeight = 8;
    private const int MostFaults = 4;

    /// <summary>Every kind, those that take time seldom.</summary>
    private static readonly FaultKind[] Weighed =
    [
        .. Enum.GetValues<FaultKind>().Where(kind => kind is not (FaultKind.None or FaultKind.Hang or FaultKind.Drip)).SelectMany(kind => Enumerable.Repeat(kind, UsualWeight)),
        FaultKind.Hang, FaultKind.Hang, FaultKind.Drip, FaultKind.Drip,
    ];

    private readonly Lock _gate = new();
    private readonly Dictionary<int, FaultKind> _planned = [];
    private readonly List<FaultKind> _happened = [];
    private readonly Random _random;
    private readonly double _rate;
    private readonly FaultKind[] _kinds;
    private int _requests;

    private FaultSchedule(int seed, double rate, IEnumerable<FaultKind>? except)
    {
        _random = new Random(seed);
        _rate = rate;
        _kinds = [.. Weighed.Except(Weighed.Intersect(except ?? [])).SelectMany(kind => Weighed.Where(weighed => weighed == kind))];
    }

    /// <summary>How many faults came true. A kind that has nothing to bite on, such as the half of nothing, becomes its next of kin or does not happen.</summary>
    public IReadOnlyList<FaultKind> Happened
    {
        get
        {
            lock (_gate)
            {
                return [.. _happened];
            }
        }
    }

    public static FaultSchedule None() => new(0, 0, null);

    /// <summary>One to four among the first requests; in one of four schedules right behind each other.</summary>
    public static FaultSchedule Few(int seed, int requests, params FaultKind[] except)
    {
        var schedule = new FaultSchedule(seed, 0, except);
        var count = schedule._random.Next(1, MostFaults + 1);
        var start = schedule._random.Next(4) == 0 ? schedule._random.Next(requests) : -1;
        for (var fault = 0; fault < count; fault++)
        {
            schedule._planned[start >= 0 ? start + fault : schedule._random.Next(requests)] = schedule.AnyKind();
        }

        return schedule;
    }

    /// <summary>Nothing reaches the store for a while: more requests in a row than anybody tries.</summary>
    public static FaultSchedule Outage(int seed, int requests, int length)
    {
        var schedule = new FaultSchedule(seed, 0, null);
        var start = schedule._random.Next(requests);
        for (var request = start; request < start + length; request++)
        {
            schedule._planned[request] = schedule._random.Next(2) == 0 ? FaultKind.Reset : FaultKind.Busy;
        }

        return schedule;
    }

    /// <summary>A share of all requests, however many.</summary>
    public static FaultSchedule Rate(int seed, double share, params FaultKind[] except) => new(seed, share, except);

    /// <summary>These, one a request, and then none.</summary>
    public static FaultSchedule Of(params FaultKind[] kinds)
    {
        var schedule = new FaultSchedule(0, 0, null);
        for (var request = 0; request < kinds.Length; request++)
        {
            schedule._planned[request] = kinds[request];
        }

        return schedule;
    }

    /// <summary>What happens to the request that comes now.</summary>
    public FaultKind Next()
    {
        lock (_gate)
        {
            if (_planned.TryGetValue(_requests++, out var kind))
            {
                return kind;
            }

            return _rate > 0 && _random.NextDouble() < _rate ? AnyKind() : FaultKind.None;
        }
    }

    public int Pick(int below)
    {
        lock (_gate)
        {
            return _random.Next(below);
        }
    }

    public void Note(FaultKind kind)
    {
        lock (_gate)
        {
            _happened.Add(kind);
        }
    }

    private FaultKind AnyKind() => _kinds[_random.Next(_kinds.Length)];
}
