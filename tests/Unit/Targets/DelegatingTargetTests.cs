using System.Reflection;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Targets;

public sealed class DelegatingTargetTests
{
    /// <summary>Rewiring is about the wrapper itself: it stays, with the new one around it.</summary>
    private static readonly string[] NotPassedOn = [nameof(Target.Rewired)];

    [Fact]
    public void Every_member_of_a_target_is_passed_on() => Assert.Empty(
        Overridable(typeof(Target)).Except(NotPassedOn).Except(
            Overridable(typeof(DelegatingTarget), method => method.DeclaringType == typeof(DelegatingTarget))));

    [Fact]
    public void A_wrapper_has_the_meter_of_the_target_inside()
    {
        var inner = new MemoryTarget();

        Assert.Same(inner.Meter, new Plain(inner).Meter);
    }

    [Fact]
    public void Past_a_cache_there_is_what_lies_below_it_and_no_wrapper_is_lost_for_nothing()
    {
        var inner = new MemoryTarget();
        var plain = new Plain(inner);
        var caching = new Caching(plain);

        Assert.Same(plain, plain.Uncached);
        Assert.Same(plain, new Plain(caching).Uncached);
    }

    private static IEnumerable<string> Overridable(Type type, Func<MethodInfo, bool>? isMeant = null) => type
        .GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
        .Where(method => method.IsVirtual && !method.IsFinal && method.GetBaseDefinition().DeclaringType != typeof(object) && isMeant?.Invoke(method) != false)
        .Select(static method => method.Name);

    private sealed class Plain(Target inner) : DelegatingTarget(inner);

    private sealed class Caching(Target inner) : DelegatingTarget(inner)
    {
        public override Target Uncached => Inner;
    }
}
