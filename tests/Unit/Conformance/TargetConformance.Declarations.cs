using System.Reflection;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Primitives;
using SecureBackup.Engine.Targets;

namespace SecureBackup.Tests.Unit.Conformance;

/// <summary>The check is about a capability. A target without it is held to say so, in the same check.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class NeedsAttribute(string capability) : Attribute
{
    public string Capability { get; } = capability;
}

/// <summary>What a target says of itself, places beside each other, and what it is excused from.</summary>
public abstract partial class TargetConformance
{
    /// <summary>Checks that this target cannot be asked to pass, each with the reason.</summary>
    protected virtual IReadOnlyDictionary<string, string> Exemptions { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    internal (TargetCapabilities Capabilities, IReadOnlyDictionary<string, string> Exemptions) Claims => (Expected, Exemptions);

    /// <summary>A target whose bucket, container or folder does not exist.</summary>
    protected virtual ValueTask<Target> CreateWithoutPlaceAsync() => throw new NotSupportedException("A target says how to make one whose place is missing, or is exempt with a reason.");

    /// <summary>A target beside this one in the same place, below another prefix that begins alike.</summary>
    protected virtual ValueTask<Target> CreateNeighbourAsync() => throw new NotSupportedException("A target says how to make a neighbour, or is exempt with a reason.");

    /// <summary>Puts what is no object of ours below the target's prefix.</summary>
    protected virtual Task PutStrangerAsync(string name) => throw new NotSupportedException("A target says how strangers put things, or is exempt with a reason.");

    [Fact]
    public void What_it_declares_is_what_is_expected_and_agrees_with_itself()
    {
        Assert.Equal(Expected, Target.Capabilities);
        Assert.Equal(Expected.ObjectLock, Expected.LockModes != LockModes.None);
        Assert.True(Expected.ListAfterWrite || Expected.MaxListLag != TimeSpan.Zero);
        Assert.InRange(Expected.ParallelPuts, 1, 16);
        Assert.InRange(Expected.MaxDeletesPerRequest, 1, 1000);
    }

    [Fact]
    public void What_it_is_exempt_from_are_checks_and_none_of_a_capability_that_it_declares()
    {
        foreach (var name in Exemptions.Keys)
        {
            var check = Assert.Single(Checks(), method => string.Equals(method.Name, name, StringComparison.Ordinal));
            if (check.GetCustomAttribute<NeedsAttribute>()?.Capability is { } needed)
            {
                Assert.False(typeof(TargetCapabilities).GetProperty(needed)!.GetValue(Target.Capabilities) is true, $"{name} is about {needed}, which the target declares.");
            }
        }

        Assert.All(Exemptions.Values, static reason => Assert.NotEmpty(reason));
    }

    [Fact]
    public async Task A_missing_place_is_that_from_every_member_and_never_a_missing_object()
    {
        await using var target = await CreateWithoutPlaceAsync();
        var members = new Func<Task>[]
        {
            () => target.PutAsync(Name, new MemoryStream([1]), PutOptions.Default, Cancel),
            () => target.ReadAsync(Name, 0, new byte[1], Cancel),
            () => target.TryFetchAsync(Name, 10, Cancel),
            () => target.StatAsync(Name, Cancel),
            () => target.ListAsync("", Cancel).ToListAsync(Cancel).AsTask(),
            () => target.ListAfterAsync("", Name, Cancel).ToListAsync(Cancel).AsTask(),
            () => target.DeleteAsync(Name, Cancel),
            () => target.DeleteManyAsync([Name], Cancel),
        };

        foreach (var member in members)
        {
            await AssertFaultAsync(TargetFault.PlaceMissing, member);
        }
    }

    [Fact]
    public async Task Neighbours_in_one_place_do_not_see_each_other()
    {
        await using var neighbour = await CreateNeighbourAsync();
        await PutAsync(Name, [1]);
        await neighbour.PutAsync(Name, new MemoryStream([2]), PutOptions.Default, Cancel);
        await neighbour.PutAsync(new ObjectName("theirs"), new MemoryStream([2]), PutOptions.Default, Cancel);

        await neighbour.DeleteAsync(Name, Cancel);

        Assert.Equal([1], await ReadAllAsync(Name));
        Assert.Equal([Name], (await ListAsync("")).Select(static stat => stat.Name));
        Assert.Equal(["theirs"], (await neighbour.ListAsync("", Cancel).ToListAsync(Cancel)).Select(static stat => stat.Name.Value));
    }

    [Fact]
    public async Task What_strangers_put_there_is_never_taken_for_an_object()
    {
        await PutAsync(Name, [1]);
        foreach (var stranger in new[] { "packs/Upper", "packs/with space", "packs/ünï" })
        {
            await PutStrangerAsync(stranger);
        }

        Assert.Equal([Name], (await ListAsync("")).Select(static stat => stat.Name));
    }

    internal static IEnumerable<MethodInfo> Checks() => typeof(TargetConformance)
        .GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly)
        .Where(static method => method.GetCustomAttributes<FactAttribute>().Any());

    private void SkipIfExempt()
    {
        if (TestContext.Current.TestMethod?.MethodName is { } check && Exemptions.TryGetValue(check, out var reason))
        {
            Assert.Skip(reason);
        }
    }
}
