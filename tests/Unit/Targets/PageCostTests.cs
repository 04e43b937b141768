using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class PageCostTests
{
    private const double Usual = 2.2e-6;
    private const double Dear = 12e-6;

    [Fact]
    public void Before_anything_is_known_and_where_pages_are_cheap_the_cache_is_not_passed()
    {
        var cost = new PageCost();

        Assert.All(Enumerable.Range(0, 200), _ => Assert.False(Next(cost, Usual)));
    }

    [Fact]
    public void Where_pages_are_dear_it_is_passed_but_for_a_read_now_and_then()
    {
        var cost = new PageCost();

        var passed = Enumerable.Range(0, 2 + 128).Select(_ => Next(cost, Dear)).ToList();

        // Two tell that pages are dear; of the others two are trials.
        Assert.Equal([false, false, true], passed[..3]);
        Assert.Equal(2, passed.Skip(2).Count(isPassed => !isPassed));
    }

    [Fact]
    public void One_read_that_was_held_up_changes_nothing()
    {
        var first = new PageCost();
        Assert.False(Next(first, 1));
        Assert.False(Next(first, Usual));

        var later = new PageCost();
        Assert.All(Enumerable.Range(0, 20), _ => Assert.False(Next(later, Usual)));
        Assert.False(Next(later, 1));
        Assert.False(Next(later, Usual));
    }

    [Fact]
    public void Pages_that_become_cheap_and_dear_again_are_noticed()
    {
        var cost = new PageCost();
        Assert.All(Enumerable.Range(0, 100), _ => Next(cost, Dear));
        var reads = 0;
        while (Next(cost, Usual) || cost.IsPassed())
        {
            Assert.InRange(++reads, 0, 1000);
        }

        Assert.False(Next(cost, Dear));
        Assert.True(Next(cost, Dear));
    }

    /// <returns>Whether the read passed the cache; one that did not tells what a page cost.</returns>
    private static bool Next(PageCost cost, double secondsPerPage)
    {
        var isPassed = cost.IsPassed();
        if (!isPassed)
        {
            cost.Learn(secondsPerPage);
        }

        return isPassed;
    }
}
