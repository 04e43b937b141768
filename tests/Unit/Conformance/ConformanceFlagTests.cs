using System.Reflection;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

public sealed class ConformanceFlagTests
{
    /// <summary>Flags that no check is named for, each with what holds it.</summary>
    private static readonly Dictionary<string, string> HeldElsewhere = new(StringComparer.Ordinal)
    {
        [nameof(TargetCapabilities.ConditionalPut)] = nameof(TargetConformance.Of_concurrent_puts_of_one_name_exactly_one_wins_with_whole_bytes),
        [nameof(TargetCapabilities.ListAfterWrite)] = nameof(TargetConformance.A_listing_yields_what_is_below_the_prefix_exactly_once),
        [nameof(TargetCapabilities.EnforcesWriteOnce)] = nameof(TargetConformance.Deleting_twice_is_no_error_and_frees_the_name),
        [nameof(TargetCapabilities.ServerChecksum)] = nameof(TargetConformance.A_wrong_checksum_is_refused_and_leaves_nothing),
        [nameof(TargetCapabilities.ListsInOrder)] = nameof(TargetConformance.A_long_listing_yields_each_object_once_and_in_order_where_that_is_declared),
        [nameof(TargetCapabilities.IsNear)] = nameof(TargetConformance.What_it_declares_is_what_is_expected_and_agrees_with_itself),
    };

    [Fact]
    public void Every_flag_of_a_target_has_a_check() => Assert.Equal(
        typeof(TargetCapabilities).GetProperties().Where(static property => property.PropertyType == typeof(bool)).Select(static property => property.Name).Order(),
        TargetConformance.Checks().Select(static check => check.GetCustomAttribute<NeedsAttribute>()?.Capability).OfType<string>().Distinct().Concat(HeldElsewhere.Keys).Order());
}
