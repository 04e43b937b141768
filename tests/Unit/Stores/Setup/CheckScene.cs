using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Targets;
using SecureBackup.Engine.Targets.Naming;
using SecureBackup.Targets.Aws;
using SecureBackup.Targets.S3;
using SecureBackup.Targets.Setup;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores.S3;

namespace SecureBackup.Tests.Unit.Stores.Setup;

/// <summary>What all checks of a place found out.</summary>
internal sealed record CheckFindings(
    IReadOnlyDictionary<string, CheckResult> Results, IReadOnlyDictionary<string, string> Learnt, LockModes LockModes, IReadOnlyList<string> RightsTooWide, TargetCapabilities Capabilities)
{
    public CheckResult this[string check] => Results[check];

    public IEnumerable<string> With(CheckOutcome outcome) => Results.Where(result => result.Value.Outcome == outcome).Select(static result => result.Key).Order(StringComparer.Ordinal);
}

/// <summary>A bucket of Amazon's kind, over TLS, that can lock; and the checks against it.</summary>
internal sealed class CheckScene : IAsyncDisposable
{
    public const string Bucket = "backups";

    private CheckScene(S3Double store) => Store = store;

    public S3Double Store { get; }

    public S3Bucket Place => Store.Bucket(Bucket);

    public static async Task<CheckScene> StartAsync(S3DoubleOptions? options = null, bool hasLock = true)
    {
        var scene = new CheckScene(await S3Double.StartAsync((options ?? new S3DoubleOptions()) with { IsSecure = true }));
        scene.Store.MakeBucket(Bucket, hasLock);
        return scene;
    }

    public async Task<CheckFindings> RunAsync(TimeSpan? limit = null)
    {
        var results = new Dictionary<string, CheckResult>(StringComparer.Ordinal);
        using var credential = Credential();
        await using var run = new ProbeRun(Settings("x"), changed => S3Scene.Open(Read(changed), credential, TimeProvider.System), OpenSetup(), TimeProvider.System);
        await TargetChecks.RunAsync(run, TargetChecks.All, limit ?? TimeSpan.FromMinutes(2), (check, result, _) => results.Add(check.Name, result), TestContext.Current.CancellationToken);
        return new CheckFindings(results, run.Learnt, run.LockModes, run.RightsTooWide, run.Target.Capabilities);
    }

    public TargetSetup OpenSetup(string prefix = "x")
    {
        using var credential = Credential();
        var settings = Read(Settings(prefix));
        return new S3Setup(settings, S3Identities.From(credential, settings, TimeProvider.System, null), TimeProvider.System);
    }

    /// <summary>As for a credential that may not do it.</summary>
    public void Deny(Func<HttpRequest, bool> what) => Store.Before = async (context, next) =>
    {
        if (!what(context.Request))
        {
            await next();
            return;
        }

        context.Response.StatusCode = 403;
        context.Response.Headers["x-amz-request-id"] = "1";
        await context.Response.WriteAsync("<Error><Code>AccessDenied</Code></Error>");
    };

    public ValueTask DisposeAsync() => Store.DisposeAsync();

    private TargetCredential Credential() => TargetCredential.Of(Store.Key.Id, Store.Key.Secret, "of the test");

    private TargetSettings Settings(string prefix) => new()
    {
        Address = TargetUri.Parse($"s3://{Bucket}/{prefix}"),
        Options = new Dictionary<string, string>(StringComparer.Ordinal) { ["region"] = "eu-central-1", ["endpoint"] = Store.Endpoint.AbsoluteUri, ["pathstyle"] = "yes", ["ca"] = Store.AuthorityFile },
    };

    private static S3Settings Read(TargetSettings settings) => S3Settings.From(settings, AwsProfile.Instance, TimeSpan.FromSeconds(60));
}
