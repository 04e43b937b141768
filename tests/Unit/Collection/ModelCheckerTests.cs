namespace SecureBackup.Tests.Unit.Collection;

/// <summary>The protocol of docs/design/collection.md, enumerated.</summary>
public sealed class ModelCheckerTests(ITestOutputHelper output)
{
    private static ModelSize Punctual => new(1, 1, Lag: 0, Grace: 2, Lapse: 2, HasRestarts: true);

    private static ModelSize TwoWriters => new(2, 1, Lag: 0, Grace: 2, Lapse: 1, HasRestarts: false) { Markers = 1 };

    private static ModelSize TwoMaintainers => new(1, 2, Lag: 0, Grace: 2, Lapse: 2, HasRestarts: false);

    private static ModelSize Lagging => new(1, 1, Lag: 1, Grace: 2, Lapse: 2, HasRestarts: true);

    public static TheoryData<string> Sizes => [nameof(Punctual), nameof(TwoMaintainers), nameof(Lagging)];

    public static TheoryData<string> LongSizes => [nameof(TwoWriters), "1,2,1,2,2,False", "1,1,0,3,2,True", "1,1,0,2,3,True"];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void In_no_reachable_state_a_snapshot_lacks_a_pack(string size) => RequireSound(SizeOf(size));

    [Theory]
    [MemberData(nameof(LongSizes))]
    public void Nor_in_larger_worlds(string size)
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("SECUREBACKUP_TEST_LONG") is "1", "Enumerates tens of millions of states: run build.ps1 Test -Long.");
        RequireSound(SizeOf(size));
    }

    [Theory]
    [InlineData(nameof(ProtocolRules.Grace), nameof(Lagging))]
    [InlineData(nameof(ProtocolRules.SessionWait), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.ListAgain), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.Lift), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.SpareYoung), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.ShunMarked), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.LookBefore), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.LookAfter), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.Deadline), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.AnnounceFirst), nameof(Punctual))]
    [InlineData(nameof(ProtocolRules.KeepMarker), nameof(TwoMaintainers))]
    public void Without_any_one_rule_there_is_a_counterexample(string rule, string size)
    {
        var without = ProtocolRules.All & ~Enum.Parse<ProtocolRules>(rule);
        var result = new ModelChecker(SizeOf(size), without) { KeepsTraces = true }.Run(TestContext.Current.CancellationToken);
        output.WriteLine($"Without {rule}: {result.Violation}, found in {result.States:N0} states:");
        result.Trace.ToList().ForEach(output.WriteLine);
        Assert.NotNull(result.Violation);
        Assert.NotEmpty(result.Trace);
    }

    private void RequireSound(ModelSize size)
    {
        var result = new ModelChecker(size, ProtocolRules.All).Run(TestContext.Current.CancellationToken);
        output.WriteLine($"{size}: {result.States:N0} states.");
        Assert.True(result.Violation is null, result.Violation);
        Assert.True(result.States > 10_000);
    }

    private static ModelSize SizeOf(string name)
    {
        var parts = name.Split(',');
        return name switch
        {
            nameof(Punctual) => Punctual,
            nameof(TwoWriters) => TwoWriters,
            nameof(TwoMaintainers) => TwoMaintainers,
            nameof(Lagging) => Lagging,
            _ => new ModelSize(int.Parse(parts[0], null), int.Parse(parts[1], null), int.Parse(parts[2], null), int.Parse(parts[3], null), int.Parse(parts[4], null), bool.Parse(parts[5])),
        };
    }
}
