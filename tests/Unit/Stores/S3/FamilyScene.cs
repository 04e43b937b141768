using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>A place of the family on a double of its platform, as the product opens it.</summary>
internal static class FamilyScene
{
    /// <param name="address">Without an endpoint, with at least one option.</param>
    public static TargetSettings At(S3Double server, string address) => new() { Address = TargetUri.Parse($"{address}&endpoint={server.Endpoint.OriginalString.TrimEnd('/')}") };

    public static TargetCredential KeyOf(S3Double server) => TargetCredential.Of(server.Key.Id, server.Key.Secret, "of the test");

    public static OpenContext In(TimeProvider? time = null) => new(NullSink.Instance, time ?? TimeProvider.System);

    public static TargetSetup SetUp(S3Double server, string address, TimeProvider? time = null)
    {
        using var credential = KeyOf(server);
        return RemoteTargets.OpenSetup(At(server, address), credential, In(time));
    }

    /// <summary>Makes and sets the place as wished; what is left to plan then, and what is known.</summary>
    public static async Task<(IReadOnlyList<SetupChange> Left, IReadOnlyList<TargetFact> Facts)> ApplyAsync(TargetSetup setup, SetupWishes wishes, CancellationToken cancellationToken)
    {
        var facts = await setup.InspectAsync(cancellationToken);
        if (facts is [{ Item: SetupItem.Place, Value: null }])
        {
            await setup.ApplyAsync((await setup.PlanAsync(wishes, facts, cancellationToken))[0], cancellationToken);
            facts = await setup.InspectAsync(cancellationToken);
        }

        foreach (var change in await setup.PlanAsync(wishes, facts, cancellationToken))
        {
            await setup.ApplyAsync(change, cancellationToken);
        }

        facts = await setup.InspectAsync(cancellationToken);
        return (await setup.PlanAsync(wishes, facts, cancellationToken), facts);
    }

    public static TargetFact Of(IReadOnlyList<TargetFact> facts, string item) => facts.Single(fact => string.Equals(fact.Item, item, StringComparison.Ordinal));
}
