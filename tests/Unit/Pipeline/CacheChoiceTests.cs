using SecureBackup.Engine.Pipeline.Stages;

namespace SecureBackup.Tests.Unit.Pipeline;

public sealed class CacheChoiceTests
{
    [Fact]
    public void While_nobody_waits_for_the_disk_the_cache_is_passed()
    {
        var choice = new CacheChoice();
        choice.Learn(pastCache: true, 9);
        choice.Learn(pastCache: false, 1);

        Assert.All(Enumerable.Range(0, 100), _ => Assert.True(choice.IsPassed(isWaitedFor: false)));
    }

    [Theory]
    [InlineData(1, 2, 96)]
    [InlineData(2, 1, 4)]
    public void While_somebody_waits_the_faster_way_is_taken_and_the_other_tried_now_and_then(double past, double through, int passed)
    {
        var choice = new CacheChoice();

        var chosen = Enumerable.Range(0, 100).Select(_ => Next(choice, past, through)).ToList();

        // The first two tell how fast each is; of the others three are trials.
        Assert.Equal([true, false], chosen[..2]);
        Assert.Equal(passed, chosen.Count(isPassed => isPassed));
    }

    [Fact]
    public void A_disk_that_becomes_slow_is_noticed()
    {
        var choice = new CacheChoice();
        for (var pack = 0; pack < 10; pack++)
        {
            Next(choice, past: 1, through: 2);
        }

        Assert.True(Next(choice, past: 8, through: 2));
        Assert.False(Next(choice, past: 8, through: 2));
    }

    private static bool Next(CacheChoice choice, double past, double through)
    {
        var isPassed = choice.IsPassed(isWaitedFor: true);
        choice.Learn(isPassed, isPassed ? past : through);
        return isPassed;
    }
}
