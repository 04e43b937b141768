using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;
using SecureBackup.Tests.Unit.Stores.Azure;
using SecureBackup.Tests.Unit.Stores.Google;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>From no bucket to one that a backup may be trusted to, on a real server and on those that speak as the platforms do.</summary>
public sealed class InitializeBackupTargetTests : IDisposable
{
    private const string Show = "function Show { param([Parameter(ValueFromPipeline)] $change) process { \"$($change.Item) $($change.IsDone) $($change.Code)\".Trim() } }\n";

    private readonly Workplace _place = new();

    public InitializeBackupTargetTests() => _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_bucket_is_listed_then_made_then_nothing_is_left_to_do()
    {
        var ceph = await UseAsync();
        var bucket = $"vault-{Guid.NewGuid():n}";
        var lines = await _place.LinesAsync(Show + $$"""
            $null = Register-BackupTarget offsite s3://{{bucket}}/shop -Endpoint {{ceph.Endpoint.OriginalString}} -SkipTest -Option @{ conditionalput = 'yes' }
            $common = @{ LockMode = 'Governance'; WarningAction = 'SilentlyContinue' }
            Initialize-BackupTarget offsite @common -WhatIf | Show
            'made:'
            Initialize-BackupTarget offsite @common -WarningVariable warnings | Show
            "again: $(@(Get-BackupTarget | Initialize-BackupTarget @common).Count)"
            $options = (Get-BackupTarget offsite).Options
            "$($options['versioning']), $($options.ContainsKey('conditionalput'))"
            "$warnings".Contains('does not offer')
            $test = Test-BackupTarget offsite
            "$test, $($test.LockModes), $($test.Facts['Lifecycle'] -replace 'securebackup-[a-z]+-[0-9a-f]{12}: ')"
            """);

        var plan = lines.TakeWhile(static line => line is not "made:").ToList();
        var listed = plan.Where(static line => line.StartsWith("What if: offsite: ", StringComparison.Ordinal)).ToList();
        var shown = plan.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal)).ToList();
        Assert.Equal(listed.Count, shown.Count);
        Assert.StartsWith($"What if: offsite: Create the private bucket {bucket} in us-east-1 with object lock", listed[0], StringComparison.Ordinal);
        Assert.All(shown, static line => Assert.EndsWith(" False", line, StringComparison.Ordinal));
        var rest = lines.SkipWhile(static line => line is not "made:").Skip(1).ToList();
        Assert.Equal("Place True", rest[0]);
        Assert.Contains("Lifecycle True", rest);
        Assert.Equal(
            [
                "again: 0", "on, False", "True",
"offsite: fit, Governance Compliance, shop/: uploads end after 7 days; shop/: old versions go after 90 days",
            ],
            rest.SkipWhile(static line => !line.StartsWith("again", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_contradicts_itself_or_cannot_be_had_changes_nothing()
    {
        var ceph = await UseAsync();
        var bucket = await ceph.CreateBucketAsync();
        var lines = await _place.LinesAsync($$"""
            $place = @{ Uri = 's3://{{bucket}}/x?endpoint={{ceph.Endpoint.OriginalString}}'; ErrorAction = 'Stop' }
            Get-ErrorId { Initialize-BackupTarget @place -LockMode Governance -NoVersioning }
            Get-ErrorId { Initialize-BackupTarget @place -DefaultRetentionDays 7 }
            Get-ErrorId { Initialize-BackupTarget @place -LockMode Compliance -DefaultRetentionDays 7 }
            Get-ErrorId { Initialize-BackupTarget @place -ArchiveClass GLACIER }
            Get-ErrorId { Initialize-BackupTarget @place -WhatIf -LockMode Compliance -DefaultRetentionDays 7 }
            """);

        Assert.Equal(
            [
                $"{FaultCodes.TargetLockNotKept}", $"{FaultCodes.TargetOptionInvalid}", $"{FaultCodes.TargetOptionInvalid}", $"{FaultCodes.TargetOptionInvalid}",
                $"{FaultCodes.TargetOptionInvalid}",
            ],
            lines);
        Assert.NotEqual(Amazon.S3.VersionStatus.Enabled, (await ceph.Admin.GetBucketVersioningAsync(new Amazon.S3.Model.GetBucketVersioningRequest { BucketName = bucket }, Cancel)).VersioningConfig?.Status);
        Assert.Empty((await ceph.Admin.GetLifecycleConfigurationAsync(new Amazon.S3.Model.GetLifecycleConfigurationRequest { BucketName = bucket }, Cancel)).Configuration?.Rules ?? []);
    }

    [Fact]
    public async Task A_failure_half_way_says_what_stands_and_the_next_run_goes_on()
    {
        await using var store = await UseDoubleAsync();
        store.MakeBucket("backups");
        store.Before = static async (context, next) =>
        {
            if (context.Request.Method is "PUT" && context.Request.Query.ContainsKey("versioning"))
            {
                context.Response.StatusCode = 403;
                context.Response.Headers["x-amz-request-id"] = "1";
                await context.Response.WriteAsync("<Error><Code>AccessDenied</Code></Error>", Cancel);
                return;
            }

            await next();
        };
        var script = Show + $$"""
            $changes = Initialize-BackupTarget -Uri '{{AddressOn(store)}}' -ErrorAction SilentlyContinue -ErrorVariable problem -WarningAction SilentlyContinue -WarningVariable warnings
            $changes | Show
            $problem.ForEach({ $_.FullyQualifiedErrorId.Split(',')[0]; "$_".Contains('s3:PutBucketVersioning') })
            $warnings.ForEach({ "$_" }) -match 'standing'
            """;
        var failed = await _place.LinesAsync(script);
        store.Before = null;
        var done = await _place.LinesAsync(script);

        Assert.Equal(
            [
                "PublicAccessBlock True", "ObjectOwnership True", $"Versioning False {FaultCodes.TargetAccessDenied}", "Lifecycle False", $"{FaultCodes.TargetAccessDenied}", "True",
                $"{AddressOn(store)}: made, and standing: PublicAccessBlock, ObjectOwnership; not made: Versioning, Lifecycle. The next run goes on from there.",
            ],
            failed);
        Assert.Equal(["Versioning True", "Lifecycle True"], done);
    }

    /// <summary>Versions are on, and nobody could be told: the target must not go on as if there were none.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_target_does_not_keep_what_was_found_out_before_a_change_that_broke_off(bool isSeenLater)
    {
        await using var store = await UseDoubleAsync();
        store.MakeBucket("backups");
        var isSent = false;
        store.Before = async (context, next) =>
        {
            var isAbout = context.Request.Query.ContainsKey("versioning");
            if (isAbout && context.Request.Method is "GET" && isSent)
            {
                isSent = !isSeenLater;
                context.Response.StatusCode = 503;
                context.Response.Headers["x-amz-request-id"] = "1";
                return;
            }

            await next();
            isSent |= isAbout && context.Request.Method is "PUT";
        };

        var lines = await _place.LinesAsync($$"""
            Register-BackupTarget offsite '{{AddressOn(store)}}' -SkipTest -Option @{ versioning = 'off'; conditionalput = 'yes' } | Out-Null
            Initialize-BackupTarget offsite -ErrorAction SilentlyContinue -WarningAction SilentlyContinue -WarningVariable warnings | Out-Null
            @($warnings.ForEach({ "$_" }) -match 'not known')
            $options = (Get-BackupTarget offsite).Options
            "$($options['versioning']) $($options.ContainsKey('conditionalput'))"
            """);

        Assert.Equal(
            ["offsite: made, and standing: PublicAccessBlock, ObjectOwnership; not known whether made: Versioning; not made: Lifecycle. The next run goes on from there.", isSeenLater ? "on False" : " False"],
            lines);
    }

    [Fact]
    public async Task What_nobody_can_take_back_is_done_only_where_it_was_said_and_agreed_to()
    {
        await using var store = await UseDoubleAsync();
        store.MakeBucket("backups", hasLock: true);
        var place = $"$place = @{{ Uri = '{AddressOn(store)}'; LockMode = 'Compliance'; DefaultRetentionDays = 7; WarningAction = 'SilentlyContinue' }}\n";
        var asked = await _place.RunAsync(Show + place + "Initialize-BackupTarget @place -Irreversible | Show");
        Assert.False(store.Bucket("backups").Settings.ContainsKey("object-lock"));
        var agreed = await _place.LinesAsync(Show + place + "Initialize-BackupTarget @place -AllowIrreversible -Confirm:$false | Show");

        Assert.NotEqual(0, asked.ExitCode);
        Assert.Contains("DefaultRetention True", agreed);
        Assert.Contains("COMPLIANCE", store.Bucket("backups").Settings["object-lock"].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_forgets_what_it_was_told_is_caught()
    {
        await using var store = await UseDoubleAsync();
        store.MakeBucket("backups", hasLock: true);
        store.Before = static (context, next) =>
        {
            if (context.Request.Method is "PUT" && context.Request.Query.ContainsKey("object-lock"))
            {
                context.Response.StatusCode = 200;
                return Task.CompletedTask;
            }

            return next();
        };
        var lines = await _place.LinesAsync(Show + $$"""
            Initialize-BackupTarget -Uri '{{AddressOn(store)}}' -LockMode Governance -DefaultRetentionDays 7 -ErrorAction SilentlyContinue -ErrorVariable problem -WarningAction SilentlyContinue | Show
            $problem[0].FullyQualifiedErrorId.Split(',')[0]
            """);

        Assert.Contains($"DefaultRetention False {FaultCodes.TargetLockNotKept}", lines);
        Assert.Equal($"{FaultCodes.TargetLockNotKept}", lines[^1]);
    }

    [Fact]
    public async Task A_bucket_of_google_is_made_closed_and_its_lock_is_asked_about()
    {
        await using var store = await GcsStore.StartAsync(bucket: null);
        _place.Environment["SECUREBACKUP_TARGET_USER"] = "_json";
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = store.Iam.ServiceAccount(GcsStore.Account);
        var lines = await _place.LinesAsync(Show + $$"""
            $null = Register-BackupTarget offsite '{{store.Settings().Address}}' -Region europe-west3 -Option @{ project = 'project' } -SkipTest
            $common = @{ Name = 'offsite'; LockMode = 'Compliance'; WarningAction = 'SilentlyContinue' }
            Initialize-BackupTarget @common | Show
            Get-ErrorId { Initialize-BackupTarget @common -DefaultRetentionDays 7 -ErrorAction Stop }
            Initialize-BackupTarget @common -DefaultRetentionDays 7 -Irreversible -Confirm:$false | Show
            "again: $(@(Initialize-BackupTarget @common -DefaultRetentionDays 7 -Irreversible).Count)"
            (Get-BackupTarget offsite).Options.GetEnumerator().ForEach({ "$($_.Key)=$($_.Value)" }) -join ' '
            """);

        Assert.Equal(["Place True", "Lifecycle True", $"{FaultCodes.TargetOptionInvalid}", "DefaultRetention True", "DefaultRetention True", "again: 0"], lines.SkipLast(1));
        Assert.Equal("objectretention=yes project=project region=europe-west3 uniformaccess=yes versioning=on", string.Join(' ', lines[^1].Split(' ').Order(StringComparer.Ordinal)));
    }

    [Fact]
    public async Task What_is_left_as_it_is_is_said_and_who_can_see_to_it()
    {
        var azurite = await TestServers.AzuriteAsync();
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (AzuriteServer.Account, azurite.Key);
        var denied = await _place.LinesAsync($$"""
            $null = Initialize-BackupTarget -Uri '{{AzureStore.AddressOf(azurite.Endpoint, await azurite.CreateContainerAsync())}}' -WarningVariable warnings -WarningAction SilentlyContinue
            "$warnings".Contains('az storage account update --name {{AzuriteServer.Account}} --allow-blob-public-access false')
            """);
        var ceph = await UseAsync();
        var whole = await _place.LinesAsync($$"""
            $null = Initialize-BackupTarget -Uri 's3://{{await ceph.CreateBucketAsync()}}?endpoint={{ceph.Endpoint.OriginalString}}' -WarningVariable warnings -WarningAction SilentlyContinue
            "$warnings".Contains('whoever put it there')
            """);

        Assert.Equal(["True", "True"], [.. denied, .. whole]);
    }

    private static string AddressOn(S3Double store) => $"s3://backups/x?endpoint={store.Endpoint.AbsoluteUri.TrimEnd('/')}&region=eu-central-1";

    private async Task<S3Double> UseDoubleAsync()
    {
        var store = await S3Double.StartAsync();
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (store.Key.Id, store.Key.Secret);
        return store;
    }

    private async Task<CephServer> UseAsync()
    {
        var ceph = await TestServers.CephAsync();
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (ceph.Key.Id, ceph.Key.Secret);
        return ceph;
    }
}
