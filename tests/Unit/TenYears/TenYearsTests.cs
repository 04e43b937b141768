using System.Globalization;

namespace SecureBackup.Tests.Unit.TenYears;

public sealed class TenYearsTests
{
    private const string Page = "docs/design/ten-years.md";

    private static readonly string? Speed = Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_TEN_YEARS");

    [Fact]
    public async Task Ten_years_in_months_leave_what_retention_says_and_every_byte_of_it()
    {
        var film = await ShowAsync(TenYearsPlan.Monthly);
        Assert.Equal(10, film.Curve.Samples.Count);
        Assert.Equal(11U, film.Rotations - 1);

        // What stands does not grow with the years, and neither do the records of what went.
        Assert.InRange(film.Curve.Samples[^1].Snapshots, film.Curve.Samples[4].Snapshots, film.Curve.Samples[4].Snapshots + 40);
        Assert.InRange(film.Curve.Samples[^1].RemovalRecords, 1, 20);

        // What an action takes depends on what stands, not on what ever was: for each snapshot that stands, a vault of ten years is asked no more than one of five. And it holds what is needed.
        var (half, end) = (film.Curve.Samples[4], film.Curve.Samples[^1]);
        foreach (var costOf in new Func<YearSample, Cost>[] { static year => year.Backup, static year => year.Removal, static year => year.Collection, static year => year.Open, static year => year.Erasure })
        {
            Assert.InRange((double)costOf(end).Requests / end.Snapshots, 0, 1.25 * costOf(half).Requests / half.Snapshots);
        }

        Assert.InRange(end.Segments, 1, 40);
        Assert.InRange(end.PackBytes, end.LiveBytes, 2 * end.LiveBytes);
        Assert.InRange(end.PackBytesEver, 2 * end.PackBytes, long.MaxValue);
        Assert.True(film is { Freed: > 0, Compacted: > 0 });
    }

    /// <summary>Takes minutes (week) or hours (day): SECUREBACKUP_TEST_TEN_YEARS says which; SECUREBACKUP_UPDATE_DOCS=1 then writes the page.</summary>
    [Fact]
    public async Task Ten_years_week_by_week_or_day_by_day()
    {
        Assert.SkipUnless(Speed is "week" or "day", "Set SECUREBACKUP_TEST_TEN_YEARS to week or day.");
        var plan = Speed is "day" ? TenYearsPlan.Daily : TenYearsPlan.Weekly;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var film = await ShowAsync(plan);
        var page = film.Curve.Render(string.Create(CultureInfo.InvariantCulture, $"""
            A vault in memory and a clock that is told the time: {film.Backups:N0} backups of five hosts in {plan.Turns:N0} turns of {plan.Turn.TotalDays:0.#} days, {film.Removed:N0} removals by retention, a key rotation each year, {film.Erased:N0} customers erased, one host stolen in the fifth year, which forges what its key can and cannot sign, and is revoked.
            Beside it runs a reference that knows the honest snapshots alone; after each removal the vault held exactly what the reference held. At the end an empty machine read every byte of every snapshot, and found nothing of the erased. After each removal four nights saw a collection, each fourth time with compaction of packs that are used by less than 80 %: {film.Freed / 1e6:F1} MB were deleted, {film.Compacted:N0} packs rewritten.
            It took {clock.Elapsed.TotalMinutes:F1} minutes on a machine that did other things too, {Environment.CpuUsage.TotalTime.TotalMinutes:F1} minutes of processor time. Times below are processor time, the median of the year; packs here are of {plan.PackSizeBytes / 1024} KiB.
            `tests/Unit/TenYears` is the film; a fast one of 120 months runs with every test. `./build.ps1 Bench --ten-years week`, or `day`, makes this page anew.
            """));
        if (Environment.GetEnvironmentVariable("SECUREBACKUP_UPDATE_DOCS") is "1")
        {
            File.WriteAllText(Path.Combine(Repository.Root, Page), page);
        }

        TestContext.Current.TestOutputHelper?.WriteLine(page);
    }

    private static async Task<TenYearsFilm> ShowAsync(TenYearsPlan plan)
    {
        using var scene = await TenYearsScene.CreateAsync(plan.PackSizeBytes);
        var film = new TenYearsFilm(scene, plan);
        await film.RunAsync();
        await film.CheckAsync();
        return film;
    }
}
