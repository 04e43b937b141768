using SecureBackup.Engine.Chunking;
using SecureBackup.Engine.Destinations;
using SecureBackup.Engine.Faults;
using SecureBackup.Engine.Pipeline;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Telemetry;
using SecureBackup.Engine.Vault;
using SecureBackup.Targets.Aws;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Pipeline;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>A vault whose packs went into Amazon's archive: what it costs to have them back.</summary>
public sealed class AwsArchiveTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GLACIER", WarmSpeed.Standard, "Standard", 5)]
    [InlineData("GLACIER", WarmSpeed.Bulk, "Bulk", 12)]
    [InlineData("DEEP_ARCHIVE", WarmSpeed.Expedited, "Standard", 12)]
    public async Task Each_cold_pack_costs_one_request_and_none_where_it_was_asked_for_before(string storageClass, WarmSpeed speed, string tier, int hours)
    {
        await using var server = await S3Double.StartAsync();
        server.MakeBucket("offsite");
        await using var target = S3Scene.Open(
            $"s3://offsite/shop?region=eu-central-1&pathstyle=yes&versioning=off&endpoint={server.Endpoint.OriginalString.TrimEnd('/')}", AwsProfile.Instance, server.Key);
        using var scene = await PipelineScene.CreateAsync(target, 1 << 20, ChunkerCatalog.Small);
        scene.WriteRandom("a.bin", 3 << 20, seed: 1);
        var backup = await scene.BackUpAsync();
        var packs = server.Bucket("offsite").Objects.Where(static pair => pair.Key.StartsWith("shop/packs/", StringComparison.Ordinal)).Select(static pair => pair.Value).ToList();
        packs.ForEach(versions => versions[^1] = versions[^1] with { StorageClass = storageClass });
        var options = new WarmOptions(TimeSpan.FromDays(3), speed);

        var (asked, first) = await AskAsync(scene, backup, target, options);
        var (before, second) = await AskAsync(scene, backup, target, options);
        var documents = server.Requests.Where(static request => request.Operation is "RestoreObject").ToList();
        packs.ForEach(static versions => versions[^1].Restore = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
        var (none, third) = await AskAsync(scene, backup, target, options);

        Assert.Contains($"lie in {storageClass}: {packs.Count} were asked for now, 0 before. They can be read within {hours} hour(s)", asked!.Message, StringComparison.Ordinal);
        Assert.Contains($"0 were asked for now, {packs.Count} before. They can be read within {hours} hour(s)", before!.Message, StringComparison.Ordinal);
        Assert.Equal(packs.Count, documents.Select(static request => request.Target).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(packs.Count, documents.Count);
        Assert.Equal(new TargetTraffic { Others = packs.Count }, first with { BytesSent = 0, BytesReceived = 0 });
        Assert.Equal(0, second.Requests);
        Assert.Null(none);
        Assert.Equal(0, third.Requests);
        Assert.All(packs, versions => Assert.Equal(tier, versions[^1].RestoreTier));
        Assert.Empty((await scene.RestoreAsync(backup.Snapshot.Id)).Faults);
    }

    /// <summary>What asking alone costs; the forecast before it is a listing and what it reads.</summary>
    private static async Task<(TargetException? Answer, TargetTraffic Traffic)> AskAsync(PipelineScene scene, BackupResult backup, Target target, WarmOptions options)
    {
        using var vault = await scene.UnlockAsync();
        using var destination = DestinationForecast.Of(scene.RestorePath, DestinationOptions.Default);
        var request = new RestoreRequest(vault.RequireReader(), (await SnapshotCatalog.LoadAsync(vault, Cancel)).Resolve(backup.Snapshot.Id.ToString()));
        var found = await RestoreForecaster.RunAsync(request, destination, new RunContext(new ProgressCounters(), scene.Sink), Cancel);
        var mark = target.Meter.Sample();
        var answer = await Record.ExceptionAsync(() => WarmUp.RequireReadableAsync(target, found.Cold, options, Cancel));
        return (answer as TargetException, target.Meter.Sample().Since(mark));
    }
}
