using Amazon.S3.Model;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Tests.Unit.Stores.S3;

public sealed class S3LifecycleTests
{
    private const string Prefix = "vault/";

    private static readonly SetupWishes Open = new();

    [Fact]
    public void What_nobody_wishes_otherwise_stays_as_our_rules_have_it()
    {
        var set = Wanted(Open with { NoncurrentDays = 3650, ArchiveAfterDays = 30, ArchiveClass = "deep_archive" }, []);

        Assert.Equal(S3Lifecycle.TextOf(set), S3Lifecycle.TextOf(Wanted(Open, set)));
        Assert.Equal(S3Lifecycle.TextOf(set), S3Lifecycle.TextOf(Wanted(Open, set, isVersioned: false)));
        var other = S3Lifecycle.TextOf(Wanted(Open with { NoncurrentDays = 20, ArchiveAfterDays = 60 }, set));
        Assert.Contains("old versions go after 20 days", other, StringComparison.Ordinal);
        Assert.Contains("to DEEP_ARCHIVE after 60 days", other, StringComparison.Ordinal);
        Assert.Contains("old versions go after 90 days", S3Lifecycle.TextOf(Wanted(Open, [])), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a/b/", "a.b/")]
    [InlineData("a/b/", "a/b.")]
    [InlineData("", "a/")]
    public void Each_prefix_has_rules_of_its_own(string one, string other)
    {
        var (ours, others) = (S3Lifecycle.Wanted(Open, [], one, isVersioned: true, "GLACIER"), S3Lifecycle.Wanted(Open, [], other, isVersioned: true, "GLACIER"));

        Assert.Empty(S3Lifecycle.OursOf(others, one));
        Assert.Equal(4, S3Lifecycle.Merge(others, ours, one).Count);
        Assert.Equal(4, ours.Concat(others).Select(static rule => rule.Id).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void A_rule_that_reaches_elsewhere_is_none_of_ours()
    {
        var moved = Wanted(Open, [])[0];
        moved.Filter = new LifecycleFilter { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = "" } };

        Assert.Empty(S3Lifecycle.OursOf([moved], Prefix));
    }

    private static IReadOnlyList<LifecycleRule> Wanted(SetupWishes wishes, IReadOnlyList<LifecycleRule> present, bool isVersioned = true) => S3Lifecycle.Wanted(wishes, present, Prefix, isVersioned, "GLACIER");
}
