using System.Collections.Concurrent;
using System.Globalization;
using SecureBackup.Tests.Servers.Faults;

namespace SecureBackup.Tests.Unit.Schedules;

/// <summary>
/// Stories of a store and a bad line to it, told in several lanes. <c>SECUREBACKUP_TEST_SCHEDULES</c> says how many, <c>SECUREBACKUP_TEST_SEED</c> runs the one of that number.
/// </summary>
public abstract class ScheduleTests
{
    private const int Lanes = 8;
    private const int Enough = 5;
    private const int MostLives = 10;

    private protected static readonly int Count = int.Parse(Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_SCHEDULES") ?? "2000", CultureInfo.InvariantCulture);
    private static readonly string? Only = Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_SEED");

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>How often the store itself has died, of nothing that the story did, and was started again.</summary>
    private protected virtual int StoreLives => 0;

    private protected abstract Task<ScheduleLane> OpenAsync();

    private protected virtual Task ReviveAsync() => Task.CompletedTask;

    private protected async Task RunAsync(int count, Func<int, ScheduleLane, ScheduleStory> tell)
    {
        var seeds = new ConcurrentQueue<int>(Only is null ? Enumerable.Range(0, count) : [int.Parse(Only, CultureInfo.InvariantCulture)]);
        var failures = new ConcurrentBag<Exception>();
        var happened = new ConcurrentDictionary<FaultKind, int>();
        await Task.WhenAll(Enumerable.Range(0, Math.Min(Lanes, seeds.Count)).Select(_ => Task.Run(() => RunLaneAsync(tell, seeds, failures, happened), Cancel)));

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", happened.OrderBy(static pair => pair.Key).Select(static pair => $"{pair.Key} {pair.Value}")));
        Assert.True(failures.IsEmpty, string.Join('\n', failures.Select(static failure => failure.Message)) + $"\n{failures.FirstOrDefault()}");
        Assert.True(Count < 100 || Only is not null || happened.Count >= 6, "Hardly anything has gone wrong.");
    }

    private async Task RunLaneAsync(
        Func<int, ScheduleLane, ScheduleStory> tell, ConcurrentQueue<int> seeds, ConcurrentBag<Exception> failures, ConcurrentDictionary<FaultKind, int> happened)
    {
        await using var lane = await OpenAsync();
        while (failures.Count < Enough && seeds.TryDequeue(out var seed))
        {
            var (run, lives) = (tell(seed, lane), StoreLives);
            try
            {
                await run.RunAsync();
            }
            catch (Exception exception) when (!Cancel.IsCancellationRequested)
            {
                await ReviveAsync();
                if (lives != StoreLives && StoreLives <= MostLives)
                {
                    await ForgetAsync(run);
                    seeds.Enqueue(seed);
                    continue;
                }

                failures.Add(exception is InvalidOperationException ? exception : new InvalidOperationException($"Schedule {seed} threw {exception}"));
            }

            foreach (var kind in run.Happened)
            {
                happened.AddOrUpdate(kind, 1, static (_, count) => count + 1);
            }
        }
    }

    /// <summary>The store may die once more over that.</summary>
    private async Task ForgetAsync(ScheduleStory run)
    {
        for (var lives = -1; lives != StoreLives;)
        {
            lives = StoreLives;
            try
            {
                await run.ForgetAsync();
            }
            catch (Exception) when (!Cancel.IsCancellationRequested && StoreLives < MostLives)
            {
                await ReviveAsync();
                if (lives == StoreLives)
                {
                    throw;
                }
            }
        }
    }
}

/// <summary>Thousands of short stories, and a few of whole vaults. A platform's tests are one subclass that says how a lane is opened.</summary>
public abstract class FaultScheduleTests : ScheduleTests
{
    private const int StoriesPerVault = 2000 / 12;

    [Fact]
    public Task Whatever_goes_wrong_on_the_way_nothing_is_lost_and_tries_are_bounded() =>
        RunAsync(Count, static (seed, lane) => new ScheduleRun(seed, lane, Cancel));

    /// <summary>At a share of all requests, and bytes of objects may come changed too.</summary>
    [Fact]
    public Task A_vault_behind_such_a_line_gives_back_what_was_stored_or_says_what_it_lacks() =>
        RunAsync(Math.Max(1, Count / StoriesPerVault), static (seed, lane) => new VaultScheduleRun(seed, lane));
}

/// <summary>The same for stores that keep locks.</summary>
public abstract class LockScheduleTests : ScheduleTests
{
    private const int StoriesPerStory = 16;

    [Fact]
    public Task Whatever_goes_wrong_on_the_way_locks_stay_and_only_grow() =>
        RunAsync(Math.Max(1, Count / StoriesPerStory), static (seed, lane) => new LockScheduleRun(seed, lane, Cancel));
}
