using System.Globalization;
using System.Text.RegularExpressions;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Targets.Wrappers;

/// <summary>How fast bytes may pass, by the hour of the week and in this computer's time zone: the first line that holds at a time says it.</summary>
public sealed partial class BandwidthPlan
{
    private static readonly string[] DayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

    private readonly List<Line> _lines;
    private readonly long? _otherwise;

    private BandwidthPlan(List<Line> lines, long? otherwise)
    {
        _lines = lines;
        _otherwise = otherwise;
    }

    public static BandwidthPlan Constant(long bytesPerSecond)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytesPerSecond);
        return new BandwidthPlan([], bytesPerSecond);
    }

    /// <param name="lines">Each <c>[days] [HH:mm-HH:mm] rate</c>, such as <c>Mon-Fri 08:00-18:00 2MB</c>, <c>Sat,Sun unlimited</c> or <c>22:00-06:00 pause</c>.</param>
    /// <param name="maxBytesPerSecond">Where no line holds; null for no limit then.</param>
    /// <exception cref="RequestException">TimetableInvalid.</exception>
    public static BandwidthPlan Parse(IReadOnlyList<string> lines, long? maxBytesPerSecond) => new([.. lines.Select(ParseLine)], maxBytesPerSecond);

    /// <summary>Bytes a second; null for no limit, 0 for a pause.</summary>
    public long? RateAt(DateTimeOffset localTime)
    {
        var line = _lines.Find(line => line.HoldsAt(localTime));
        return line is null ? _otherwise : line.Rate;
    }

    /// <summary>When the rate may be another; the end of time where it never is.</summary>
    public DateTimeOffset NextChange(DateTimeOffset localTime)
    {
        if (_lines.Count == 0)
        {
            return DateTimeOffset.MaxValue;
        }

        var midnight = localTime - localTime.TimeOfDay;
        return _lines.SelectMany(static line => new[] { line.From, line.To }).Append(TimeSpan.FromDays(1))
            .Select(at => midnight + at).Where(at => at > localTime).Min();
    }

    private static Line ParseLine(string text)
    {
        var match = LinePattern().Match(text);
        if (!match.Success)
        {
            throw Invalid(text);
        }

        var (from, to) = match.Groups["from"].Success ? (TimeOf(text, match.Groups["from"].Value), TimeOf(text, match.Groups["to"].Value)) : (TimeSpan.Zero, TimeSpan.FromDays(1));
        var days = match.Groups["days"].Success ? DaysOf(text, match.Groups["days"].Value) : new HashSet<DayOfWeek>(Enum.GetValues<DayOfWeek>());
        return from == to ? throw Invalid(text) : new Line(days, from, to, RateOf(text, match.Groups["rate"].Value));
    }

    private static HashSet<DayOfWeek> DaysOf(string text, string days)
    {
        var found = new HashSet<DayOfWeek>();
        foreach (var part in days.Split(','))
        {
            var ends = part.Split('-');
            var (first, last) = (DayOf(text, ends[0]), DayOf(text, ends[^1]));
            for (var day = first; ; day = (day + 1) % 7)
            {
                found.Add((DayOfWeek)day);
                if (day == last)
                {
                    break;
                }
            }
        }

        return found;
    }

    private static int DayOf(string text, string name) =>
        Array.FindIndex(DayNames, day => day.Equals(name, StringComparison.OrdinalIgnoreCase)) is >= 0 and var day ? day : throw Invalid(text);

    private static TimeSpan TimeOf(string text, string time) => time is "24:00" ? TimeSpan.FromDays(1)
        : TimeSpan.TryParseExact(time, @"hh\:mm", CultureInfo.InvariantCulture, out var parsed) ? parsed
        : throw Invalid(text);

    private static long? RateOf(string text, string rate)
    {
        if (rate.Equals("unlimited", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        if (rate.Equals("pause", StringComparison.OrdinalIgnoreCase))
        {
            return 0;
        }

        var shift = 10 * (1 + "KMG".IndexOf(char.ToUpperInvariant(rate[^2]), StringComparison.Ordinal));
        return long.TryParse(rate[..^2], NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 1_000_000 ? number << shift : throw Invalid(text);
    }

    private static RequestException Invalid(string text) => new(FaultCodes.TimetableInvalid, $"'{text}' is no line of a bandwidth timetable.");

    [GeneratedRegex(
        @"\A\s*((?<days>[a-z]{3}(-[a-z]{3})?(,[a-z]{3}(-[a-z]{3})?)*)\s+)?((?<from>\d\d:\d\d)-(?<to>\d\d:\d\d)\s+)?(?<rate>unlimited|pause|\d{1,7}[kmg]b)\s*\z",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex LinePattern();

    /// <summary>One that ends before it begins goes over midnight, and belongs to the day on which it begins.</summary>
    private sealed record Line(HashSet<DayOfWeek> Days, TimeSpan From, TimeSpan To, long? Rate)
    {
        public bool HoldsAt(DateTimeOffset time)
        {
            var (day, at) = (time.DayOfWeek, time.TimeOfDay);
            if (From < To)
            {
                return Days.Contains(day) && at >= From && at < To;
            }

            var yesterday = (DayOfWeek)(((int)day + 6) % 7);
            return (Days.Contains(day) && at >= From) || (Days.Contains(yesterday) && at < To);
        }
    }
}
