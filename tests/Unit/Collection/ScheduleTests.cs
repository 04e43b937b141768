using System.Diagnostics;

namespace SecureBackup.Tests.Unit.Collection;

/// <summary>The protocol run for real: seeded schedules of two writers, two maintainers and restores over one target.</summary>
public sealed class ScheduleTests(ITestOutputHelper output)
{
    private const int Schedules = 84;
    private const int LongSchedules = 10_000;

    [Fact]
    public Task At_all_times_every_snapshot_gives_back_what_it_was_made_of() => RunAsync(1, Schedules, TimeSpan.Zero);

    [Fact]
    public Task Also_where_listings_lag() => RunAsync(100_000, Schedules / 3, TimeSpan.FromHours(3));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task And_in_very_many_schedules(int lagHours)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_LONG") is "1", "Takes an hour: run build.ps1 Test -Long.");
        await RunAsync(1_000_000, LongSchedules, TimeSpan.FromHours(lagHours));
    }

    private async Task RunAsync(int firstSeed, int count, TimeSpan lag)
    {
        var watch = Stopwatch.StartNew();
        var tally = new ScheduleTally();
        for (var seed = firstSeed; seed < firstSeed + count; seed++)
        {
            using var schedule = new Schedule(seed, lag, tally);
            var compacted = tally.Compacted;
            try
            {
                await schedule.RunAsync();
            }
            catch (Exception error)
            {
                output.WriteLine($"Seed {seed}:");
                schedule.Journal.ForEach(output.WriteLine);
                throw new InvalidOperationException($"Schedule {seed} (lag {lag}) failed: {error.Message}", error);
            }

            tally.CompactedIn += tally.Compacted > compacted ? 1 : 0;
        }

        output.WriteLine($"{count} schedules from seed {firstSeed}, lag {lag}, {watch.Elapsed.TotalSeconds:F1} s: {tally}");

        // A test in which nothing happens would show nothing.
        Assert.All(tally.Shares(count, lag), share => Assert.True(share.Times >= share.AtLeast, $"Not enough {share.What}: {tally}"));
    }
}

/// <summary>What happened in the schedules.</summary>
internal sealed record ScheduleTally
{
    internal long Backups { get; set; }

    internal long Deleted { get; set; }

    internal long Compacted { get; set; }

    /// <summary>Schedules in which something was compacted.</summary>
    internal long CompactedIn { get; set; }

    internal long Removed { get; set; }

    /// <summary>Turns in the middle of which time passed and others acted.</summary>
    internal long Slept { get; set; }

    /// <summary>Objects that were there and that a listing left out.</summary>
    internal long Missed { get; set; }

    internal long Lapsed { get; set; }

    internal long Crashed { get; set; }

    internal long Restored { get; set; }

    /// <summary>How often each thing must have happened: about half of how often it does. What a seed makes of it is the same each time, but for which listing lags, and which of two questions comes first that are asked at once.</summary>
    internal IEnumerable<(string What, long Times, long AtLeast)> Shares(int schedules, TimeSpan lag) =>
    [
        ("backups", Backups, 4 * schedules),
        ("removals", Removed, 2 * schedules),
        ("deletions", Deleted, 2 * schedules),
        ("compactions", CompactedIn, schedules / 3),
        ("sleeps", Slept, schedules),
        ("lapses", Lapsed, schedules / 20),
        ("crashes", Crashed, schedules / 2),
        ("restores", Restored, 6 * schedules),
        ("late listings", Missed, lag > TimeSpan.Zero ? 10 * schedules : 0),
    ];

    public override string ToString() =>
        $"{Backups} backups, {Removed} removals, {Deleted} packs deleted, {Compacted} compacted in {CompactedIn} schedules, {Slept} sleeps, {Lapsed} lapses noticed, {Crashed} crashes, {Missed} objects listed late, {Restored} snapshots read back";
}
