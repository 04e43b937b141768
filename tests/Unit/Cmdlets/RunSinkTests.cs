using Microsoft.AspNetCore.Http;
using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Doubles.S3;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>What a target has to say reaches whoever runs on it: a cmdlet that opened it for itself, one on a connected vault, and a job.</summary>
public sealed class RunSinkTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_retry_is_told_by_the_run_that_it_delays()
    {
        await using var store = await UseDoubleAsync();
        var refused = new HashSet<string>(StringComparer.Ordinal);
        store.Before = async (context, next) =>
        {
            // The first put of each pack.
            if (context.Request.Method is "PUT" && context.Request.Path.Value!.Contains("/packs/", StringComparison.Ordinal) && refused.Add(context.Request.Path.Value))
            {
                context.Response.StatusCode = 503;
                context.Response.Headers["x-amz-request-id"] = "1";
                await context.Response.WriteAsync("<Error><Code>SlowDown</Code></Error>");
                return;
            }

            await next();
        };
        var lines = await _place.LinesAsync($$"""
            $place = '{{AddressOn(store)}}'
            $told = { param($all) @($all).Where({ $_ -is [Management.Automation.VerboseRecord] -and "$_".Contains('packs/') -and "$_".Contains('again in') }).Count -gt 0 }
            $null = New-BackupVault $place
            & $told (Start-CustomerBackup ./crm -Vault $place -Verbose 4>&1)
            $null = Connect-BackupVault $place
            & $told (Start-CustomerBackup ./mail -Verbose 4>&1)
            & $told (Get-CustomerBackup -Verbose 4>&1)
            [IO.File]::WriteAllText("$PWD/mail/more.txt", 'new')
            $job = Start-CustomerBackup ./mail -AsJob
            $null = $job.Finished.WaitOne()
            $job.ChildJobs[0].JobStateInfo.State
            & $told $job.ChildJobs[0].Verbose
            """);

        Assert.Equal(["True", "True", "False", "Completed", "True"], lines);
    }

    [Fact]
    public async Task A_cache_that_cannot_be_used_is_a_warning_of_the_run_that_meets_it()
    {
        await using var store = await UseDoubleAsync();
        var lines = await _place.LinesAsync($$"""
            $place = '{{AddressOn(store)}}'
            $null = New-BackupVault $place
            [IO.Directory]::Delete("$PWD/cache/objects", $true)
            [IO.File]::WriteAllText("$PWD/cache/objects", 'in the way')
            $null = Start-CustomerBackup ./crm -Vault $place -WarningVariable warnings -WarningAction SilentlyContinue
            "$warnings".Contains('{{FaultCodes.HostStateUnusable}}')
            """);

        Assert.Equal(["True"], lines);
    }

    private static string AddressOn(S3Double store) => $"s3://backups/x?endpoint={store.Endpoint.AbsoluteUri.TrimEnd('/')}&region=eu-central-1";

    private async Task<S3Double> UseDoubleAsync()
    {
        var store = await S3Double.StartAsync();
        store.MakeBucket("backups");
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (store.Key.Id, store.Key.Secret);
        return store;
    }
}
