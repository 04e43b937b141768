using System.Globalization;

namespace SecureBackup.Tests.Unit.TenYears;

public sealed class TenYearsTests
{
    private const string Page = "docs/design/ten-years.md";

    private static bool IsLong => Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_TEN_YEARS") is "1";

    [Fact]
    public async Task Ten_years_in_months_leave_what_retention_says_and_every_byte_of_it()
    {
        var film = await ShowAsync(TenYearsPlan.Monthly);
        Assert.Equal(10, film.Curve.Samples.Count);
        Assert.Equal(11U, film.Rotations - 1);

        // What stands does not grow with the years, and neither do the records of what went.
        Assert.InRange(film.Curve.Samples[^1].Snapshots, film.Curve.Samples[4].Snapshots, film.Curve.Samples[4].Snapshots + 40);
        Assert.InRange(film.Curve.Samples[^1].RemovalRecords, 1, 20);
    }

    /// <summary>Takes many minutes: run with SECUREBACKUP_TEST_TEN_YEARS=1; SECUREBACKUP_UPDATE_DOCS=1 then writes the page.</summary>
    [Fact]
    public async Task Ten_years_day_by_day()
    {
        Assert.SkipUnless(IsLong, "Set SECUREBACKUP_TEST_TEN_YEARS=1 for 3,650 days.");
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var film = await ShowAsync(TenYearsPlan.Daily);
        var what = string.Create(
            CultureInfo.InvariantCulture,
            $"{film.Backups:N0} backups of five hosts in 3,650 days, {film.Removed:N0} removals by retention (14 daily, 8 weekly, 24 monthly, 11 yearly), a key rotation each year, one host stolen in the fifth year and revoked a month later; at the end every byte of every snapshot that stands was read. {clock.Elapsed.TotalMinutes:F1} minutes in memory.");
        if (Environment.GetEnvironmentVariable("SECUREBACKUP_UPDATE_DOCS") is "1")
        {
            File.WriteAllText(Path.Combine(Repository.Root, Page), film.Curve.Render(what));
        }

        TestContext.Current.TestOutputHelper?.WriteLine(film.Curve.Render(what));
    }

    private static async Task<TenYearsFilm> ShowAsync(TenYearsPlan plan)
    {
        using var scene = await TenYearsScene.CreateAsync();
        var film = new TenYearsFilm(scene, plan);
        await film.RunAsync();
        await film.CheckAsync();
        return film;
    }
}
