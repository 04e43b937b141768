using Microsoft.Extensions.Time.Testing;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Targets.Wrappers;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class BandwidthPlanTests
{
    private static readonly string[] Office = ["Mon-Fri 08:00-18:00 2MB", "Sat,Sun unlimited", "22:00-06:00 pause"];

    /// <summary>2031-05-05 is a Monday.</summary>
    [Theory]
    [InlineData("2031-05-05T07:59:59", 5L)]
    [InlineData("2031-05-05T08:00:00", 2L << 20)]
    [InlineData("2031-05-09T17:59:59", 2L << 20)]
    [InlineData("2031-05-09T18:00:00", 5L)]
    [InlineData("2031-05-09T22:00:00", 0L)]
    [InlineData("2031-05-10T03:00:00", null)]
    [InlineData("2031-05-12T05:59:59", 0L)]
    [InlineData("2031-05-12T06:00:00", 5L)]
    public void The_first_line_that_holds_says_the_rate(string time, long? rate) => Assert.Equal(rate, BandwidthPlan.Parse(Office, 5).RateAt(At(time)));

    [Theory]
    [InlineData("Fri 22:00-06:00 1KB", "2031-05-10T05:59:00", 1024L)]
    [InlineData("Fri 22:00-06:00 1KB", "2031-05-09T05:59:00", null)]
    [InlineData("Fri-Mon 3GB", "2031-05-05T12:00:00", 3L << 30)]
    [InlineData("Fri-Mon 3GB", "2031-05-06T12:00:00", null)]
    [InlineData(" sat,SUN  00:00-24:00  512kb ", "2031-05-11T23:59:59", 512L << 10)]
    public void Days_go_round_the_week_and_a_night_belongs_to_the_day_on_which_it_begins(string line, string time, long? rate) =>
        Assert.Equal(rate, BandwidthPlan.Parse([line], null).RateAt(At(time)));

    [Theory]
    [InlineData("2031-05-05T07:00:00", "2031-05-05T08:00:00")]
    [InlineData("2031-05-05T08:00:00", "2031-05-05T18:00:00")]
    [InlineData("2031-05-05T23:00:00", "2031-05-06T00:00:00")]
    public void The_next_change_is_the_next_edge_of_a_line_or_midnight(string time, string next) => Assert.Equal(At(next), BandwidthPlan.Parse(Office, null).NextChange(At(time)));

    [Theory]
    [InlineData("")]
    [InlineData("2MB/s")]
    [InlineData("0MB")]
    [InlineData("Mo 2MB")]
    [InlineData("Mon-Fri 8:00-18:00 2MB")]
    [InlineData("08:00-25:00 2MB")]
    [InlineData("08:00-08:00 2MB")]
    [InlineData("Mon, Tue 2MB")]
    [InlineData("Mon 2MB 08:00-18:00")]
    [InlineData("9999999MB")]
    public void What_is_no_line_is_refused_and_shown(string line) =>
        Assert.Equal(FaultCodes.TimetableInvalid, Assert.Throws<RequestException>(() => BandwidthPlan.Parse([line], null)).Code);

    [Fact]
    public void Who_waits_goes_on_at_the_new_rate_when_the_hour_comes()
    {
        var time = new FakeTimeProvider(At("2031-05-05T07:59:58"));
        time.SetLocalTimeZone(TimeZoneInfo.Utc);
        var limit = new ThroughputLimit(BandwidthPlan.Parse(["08:00-09:00 1KB", "09:00-10:00 pause", "10:00-11:00 2KB"], 100), time);

        // 200 bytes in two seconds, 1,024 in each of the next hour and, since they are under way, of the pause, and the last at twice the rate.
        var passed = limit.TakeAsync(200 + (2 * 3600 * 1024) + 4096, TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(2));
        time.Advance(TimeSpan.FromHours(1));
        time.Advance(TimeSpan.FromHours(1));
        Assert.False(passed.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(passed.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.True(passed.IsCompletedSuccessfully);
    }

    [Fact]
    public void Without_a_limit_nobody_waits()
    {
        var limit = new ThroughputLimit(BandwidthPlan.Parse([], null), new FakeTimeProvider());

        Assert.True(limit.TakeAsync(int.MaxValue, TestContext.Current.CancellationToken).IsCompleted);
        Assert.True(limit.TakeAsync(int.MaxValue, TestContext.Current.CancellationToken).IsCompleted);
    }

    private static DateTimeOffset At(string local) => DateTimeOffset.Parse(local + "Z", System.Globalization.CultureInfo.InvariantCulture);
}
