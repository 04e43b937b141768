using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Doubles;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Targets that refuse, each in its way: a code, what was meant and what to do, no secret in any text, and nothing half made here or there.</summary>
public sealed class BadTargetTests : IDisposable
{
    private readonly RefusalScene _scene = new();

    public void Dispose() => _scene.Dispose();

    [Fact]
    public async Task A_bucket_that_is_not_there()
    {
        await using var store = await UseAsync();
        var refusals = await RefusalsAsync(store, "absent");

        Assert.All(refusals, refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetPlaceMissing, $"There is no bucket 'absent' at {store.Endpoint.Authority}"));
        Assert.Equal(["Place exists SB2012"], await _scene.FailedChecksAsync(AddressOn(store, "absent")));
    }

    [Fact]
    public async Task A_bucket_in_another_region()
    {
        await using var store = await UseAsync();
        var refusals = await RefusalsAsync(store, "backups", "us-west-2");

        Assert.All(refusals, static refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetWrongRegion, "The bucket 'backups' lies in eu-central-1, not in us-west-2"));
        Assert.Equal(["Region right SB2013"], await _scene.FailedChecksAsync(AddressOn(store, "backups", "us-west-2")));
    }

    [Theory]
    [InlineData("europe-west3")]
    [InlineData("eu")]
    public async Task A_bucket_of_Google_in_another_region(string region)
    {
        await using var store = await GcsStore.StartAsync("""{"location":"US"}""");
        _scene.Place.Write("google.json", store.Iam.ServiceAccount(GcsStore.Account));
        var refusals = await _scene.RunAsync($"Try-It {{ Register-BackupTarget offsite '{store.Settings().Address.Canonical}' -Region {region} -CredentialFile {_scene.Place["google.json"]} }}");

        RefusalScene.AssertSaid(Assert.Single(refusals), FaultCodes.TargetWrongRegion, $" lies in US, not in {region}.");
        _scene.AssertNothingKept();
    }

    [Theory]
    [InlineData(true, "InvalidAccessKeyId")]
    [InlineData(false, "SignatureDoesNotMatch")]
    public async Task A_credential_that_is_not_accepted(bool isOther, string said)
    {
        await using var store = await UseAsync();
        _scene.Place.Environment[isOther ? "SECUREBACKUP_TARGET_USER" : "SECUREBACKUP_TARGET_PASSWORD"] = "AKIAIOSFODNN7EXAMPLE";
        var refusals = await RefusalsAsync(store, "backups");

        Assert.All(refusals, refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetKeyRejected, $"({said}"));
        Assert.Equal(["Credential accepted SB2014"], await _scene.FailedChecksAsync(AddressOn(store, "backups")));
    }

    [Fact]
    public async Task A_clock_that_is_an_hour_ahead()
    {
        await using var store = await UseAsync(new S3DoubleOptions { Time = new ShiftedTime { Offset = TimeSpan.FromHours(-1) } });
        var refusals = await RefusalsAsync(store, "backups");

        // A server tells whole seconds, and on a busy machine its answer is read some of them later.
        Assert.All(refusals, refusal =>
        {
            RefusalScene.AssertSaid(refusal, FaultCodes.TargetClockSkewed, $" ahead of {store.Endpoint.Authority}");
            Assert.Matches("clock is 1:00:0[0-9] ahead of ", refusal.Message);
        });
        Assert.Equal(["Clock SB2015"], await _scene.FailedChecksAsync(AddressOn(store, "backups")));
    }

    [Fact]
    public async Task A_clock_that_is_some_minutes_off_is_said_before_locks_suffer()
    {
        await using var store = await UseAsync(new S3DoubleOptions { Time = new ShiftedTime { Offset = TimeSpan.FromMinutes(8) } });
        var lines = await _scene.Place.LinesAsync($"$test = Test-BackupTarget -Uri '{AddressOn(store, "backups")}' -Quick; $test.ClockDifference.TotalMinutes -lt -7; $test.Checks.Where({{ $_.Result -eq 'Failed' }}).ForEach({{ \"$($_.Name) $($_.Code)\" }})");

        Assert.Equal(["True", $"Clock {FaultCodes.TargetClockSkewed}"], lines);
    }

    [Theory]
    [InlineData("PUT", "s3:PutObject")]
    [InlineData("GET", "s3:ListBucket")]
    public async Task A_right_that_is_missing(string method, string right)
    {
        await using var store = await UseAsync();
        store.Before = (context, next) => string.Equals(context.Request.Method, method, StringComparison.Ordinal) && (method is "PUT" || context.Request.Query.ContainsKey("list-type")) ? DenyAsync(context) : next();
        var refusals = await RefusalsAsync(store, "backups");

        Assert.All(refusals, refusal =>
        {
            Assert.Equal($"{FaultCodes.TargetAccessDenied}", refusal.Code);
            Assert.Contains($"right {right}", refusal.Message, StringComparison.Ordinal);
            Assert.Equal($"Give this credential the right {right}, or use one that has it.", refusal.Remedy);
        });
        Assert.Empty(store.Bucket("backups").Objects);
    }

    [Fact]
    public async Task A_bucket_that_everybody_may_read()
    {
        await using var store = await UseAsync();
        store.Bucket("backups").IsPublic = true;
        var lines = await _scene.RunAsync($$"""
            $place = '{{AddressOn(store, "backups")}}'
            Try-It { Register-BackupTarget offsite $place }
            Try-It { Initialize-BackupTarget -Uri $place -ErrorAction Stop -WarningAction SilentlyContinue }
            """);

        RefusalScene.AssertSaid(lines[0], FaultCodes.TargetExposed, "Everybody may reach");
        Assert.Equal(($"{FaultCodes.TargetExposed}", "Take that off the place in the platform's console; this module cannot."), (lines[1].Code, lines[1].Remedy));
        Assert.Equal(["Not public SB2018"], await _scene.FailedChecksAsync(AddressOn(store, "backups")));
        Assert.Empty(store.Bucket("backups").Objects);
        _scene.AssertNothingKept();
    }

    [Fact]
    public async Task A_lock_that_is_not_kept()
    {
        await using var store = await UseAsync(new S3DoubleOptions { IgnoresLocks = true });
        store.MakeBucket("locking", hasLock: true);

        Assert.Equal(["Lock SB2019", "Legal hold SB2019"], await _scene.FailedChecksAsync(AddressOn(store, "locking"), isQuick: false));
        Assert.Empty(store.Bucket("locking").Objects);
    }

    [Fact]
    public async Task A_prefix_that_leaves_no_room_for_names()
    {
        var lines = await _scene.RunAsync($"Try-It {{ Register-BackupTarget offsite 's3://backups/{new string('p', 900)}?region=eu-central-1' -SkipTest }}");

        RefusalScene.AssertSaid(lines[0], FaultCodes.TargetNameTooLong, "824");
        _scene.AssertNothingKept();
    }

    [Fact]
    public async Task A_quota_that_is_used_up()
    {
        await using var store = await UseAsync(new S3DoubleOptions { MaxBytes = 256 * 1024 });
        var noise = new byte[1024 * 1024];
        new Random(11).NextBytes(noise);
        File.WriteAllBytes(_scene.Place["crm/noise.bin"], noise);
        var lines = await _scene.RunAsync($$"""
            $place = '{{AddressOn(store, "backups")}}'
            $null = New-BackupVault $place
            Try-It { Start-CustomerBackup ./crm -Vault $place }
            "$(@(Get-CustomerBackup -Vault $place).Count)||"
            """);

        RefusalScene.AssertSaid(lines[0], FaultCodes.TargetQuotaExceeded, "(QuotaExceeded");
        Assert.Equal("0", lines[1].Code);
    }

    [Fact]
    public async Task A_certificate_that_nobody_trusted_signed()
    {
        await using var store = await UseAsync(new S3DoubleOptions { IsSecure = true });
        var refusals = await RefusalsAsync(store, "backups");

        Assert.All(refusals, static refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetUntrusted, "certificate"));
        Assert.Equal(["Transport SB2016"], await _scene.FailedChecksAsync(AddressOn(store, "backups")));
    }

    [Theory]
    [InlineData(407, false)]
    [InlineData(407, true)]
    [InlineData(403, false)]
    [InlineData(403, true)]
    public async Task A_proxy_that_refuses(int status, bool isSecure)
    {
        await using var store = await UseAsync(new S3DoubleOptions { IsSecure = isSecure });
        await using var proxy = await RefusingProxy.StartAsync(status);
        var refusals = await RefusalsAsync(store, "backups", more: $"&proxy={proxy.Address.Authority}");

        Assert.All(refusals, refusal => RefusalScene.AssertSaid(refusal, FaultCodes.TargetProxyRefused, proxy.Address.Authority));
        Assert.All(refusals, refusal => Assert.Contains($"{status}", refusal.Message, StringComparison.Ordinal));
        Assert.True(proxy.Asked > 0);
        Assert.Empty(store.Requests);
        Assert.Equal(["Transport SB2017"], await _scene.FailedChecksAsync(AddressOn(store, "backups", more: $"&proxy={proxy.Address.Authority}")));
    }

    private static string AddressOn(S3Double store, string bucket, string region = "eu-central-1", string more = "") =>
        $"s3://{bucket}/x?endpoint={store.Endpoint.AbsoluteUri.TrimEnd('/')}&region={region}{more}";

    private static async Task DenyAsync(HttpContext context)
    {
        context.Response.StatusCode = 403;
        context.Response.Headers["x-amz-request-id"] = "1";
        await context.Response.WriteAsync("<Error><Code>AccessDenied</Code></Error>");
    }

    private async Task<S3Double> UseAsync(S3DoubleOptions? options = null)
    {
        var store = await S3Double.StartAsync(options);
        store.MakeBucket("backups");
        (_scene.Place.Environment["SECUREBACKUP_TARGET_USER"], _scene.Place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (store.Key.Id, store.Key.Secret);
        return store;
    }

    /// <summary>Of whoever registers it, makes a vault there, looks for one, and makes the place ready.</summary>
    private async Task<IReadOnlyList<Refusal>> RefusalsAsync(S3Double store, string bucket, string region = "eu-central-1", string more = "")
    {
        var refusals = await _scene.RunAsync($$"""
            $place = '{{AddressOn(store, bucket, region, more)}}'
            Try-It { Register-BackupTarget offsite $place }
            Try-It { New-BackupVault $place }
            """);
        Assert.Equal(2, refusals.Count);
        _scene.AssertNothingKept();
        Assert.Empty(store.Bucket("backups").Objects);
        return refusals;
    }
}
