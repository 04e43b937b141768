using SecureBackup.Engine.Faults;
using SecureBackup.Targets.Setup;

namespace SecureBackup.Tests.Unit.Stores.Azure;

public sealed class AzureWholeContainerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rules_for_a_whole_container_of_others_take_the_word_for_what_cannot_be_taken_back()
    {
        await using var scene = await AzureScene.StartAsync(prefix: "");
        await using var setup = scene.OpenSetup();

        Assert.DoesNotContain("Lifecycle", await ApplyAllAsync(setup));
        Assert.Contains("-Irreversible", Assert.Single(setup.LeftOut), StringComparison.Ordinal);
        var facts = await setup.InspectAsync(Cancel);
        Assert.Equal(FaultCodes.TargetOptionInvalid, (await Assert.ThrowsAsync<RequestException>(() => setup.PlanAsync(new SetupWishes { NoncurrentDays = 90 }, facts, Cancel))).Code);
        var change = Assert.Single(await setup.PlanAsync(new SetupWishes { AllowsIrreversible = true }, facts, Cancel));
        Assert.Equal((SetupItem.Lifecycle, true), (change.Item, change.IsIrreversible));
        Assert.Contains("whoever put it there", change.Text, StringComparison.Ordinal);

        await using var empty = await AzureScene.StartAsync(hasContainer: false, prefix: "");
        await using var made = empty.OpenSetup();
        await made.ApplyAsync((await made.PlanAsync(new SetupWishes(), await made.InspectAsync(Cancel), Cancel))[0], Cancel);
        Assert.Contains("Lifecycle", await ApplyAllAsync(made));
    }

    private static async Task<List<string>> ApplyAllAsync(TargetSetup setup)
    {
        var changes = await setup.PlanAsync(new SetupWishes(), await setup.InspectAsync(Cancel), Cancel);
        foreach (var change in changes)
        {
            await setup.ApplyAsync(change, Cancel);
        }

        return [.. changes.Select(static change => change.Item)];
    }
}
