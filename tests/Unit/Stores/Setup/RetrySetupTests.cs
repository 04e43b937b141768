using System.Reflection;
using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Wrappers;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Targets;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Stores.Setup;

public sealed class RetrySetupTests
{
    private static readonly RetryOptions Quick = new(MaxRetries: 2, Delay: TimeSpan.FromMilliseconds(1), MaxDelay: TimeSpan.FromMilliseconds(2));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_place_is_set_up_though_each_request_fails_once()
    {
        await using var scene = await CheckScene.StartAsync();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        scene.Store.Before = (context, next) =>
        {
            if (!seen.Add($"{context.Request.Method} {context.Request.QueryString}"))
            {
                return next();
            }

            context.Response.StatusCode = 503;
            return context.Response.WriteAsync("<Error><Code>ServiceUnavailable</Code></Error>", Cancel);
        };
        await using var setup = Over(scene.OpenSetup(), maxRetries: 20);

        Assert.NotEmpty(await ApplyAllAsync(setup, new SetupWishes { Lock = LockMode.Governance, DefaultRetentionDays = 7 }));

        Assert.Empty(await setup.PlanAsync(new SetupWishes { Lock = LockMode.Governance, DefaultRetentionDays = 7 }, await setup.InspectAsync(Cancel), Cancel));
        Assert.True(setup.Meter.Sample().Retries > 0);
    }

    [Fact]
    public async Task A_lock_whose_answer_was_lost_is_found_made()
    {
        await using var store = await GcsStore.StartLockingAsync();
        using var credential = store.Credential();
        await using var setup = Over(RemoteTargets.OpenSetup(store.Settings(), credential, GcsStore.Context));
        var isLost = false;
        store.Server.Before = async (context, next) =>
        {
            await next();
            if (!isLost && context.Request.Path.Value!.EndsWith("/lockRetentionPolicy", StringComparison.Ordinal))
            {
                isLost = true;
                context.Abort();
            }
        };

        await ApplyAllAsync(setup, new SetupWishes { Lock = LockMode.Compliance, DefaultRetentionDays = 30, AllowsIrreversible = true });

        Assert.True(isLost);
        Assert.Equal("30 days, locked", (await setup.InspectAsync(Cancel)).Single(static fact => fact.Item is SetupItem.DefaultRetention).Value);
    }

    [Fact]
    public void Nothing_of_a_setup_is_passed_by()
    {
        var own = typeof(TargetSetup).GetMethods(BindingFlags.Public | BindingFlags.Instance).Where(static method => method.IsVirtual && method.DeclaringType == typeof(TargetSetup)).Select(static method => method.Name);

        Assert.All(own, static name => Assert.Equal(typeof(RetrySetup), typeof(RetrySetup).GetMethod(name)!.DeclaringType));
    }

    private static RetrySetup Over(TargetSetup setup, int maxRetries = 2) => new(setup, Quick with { MaxRetries = maxRetries }, TimeProvider.System, NullSink.Instance);

    private static async Task<IReadOnlyList<SetupChange>> ApplyAllAsync(TargetSetup setup, SetupWishes wishes)
    {
        var changes = await setup.PlanAsync(wishes, await setup.InspectAsync(Cancel), Cancel);
        foreach (var change in changes)
        {
            await setup.ApplyAsync(change, Cancel);
        }

        return changes;
    }
}
