using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>The checks against a real server: a bucket that can lock, one that lets everybody in, and none.</summary>
public sealed class TestBackupTargetTests : IDisposable
{
    private readonly Workplace _place = new();

    public TestBackupTargetTests() => _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_bucket_that_can_lock_is_fit_and_what_was_found_out_is_kept()
    {
        var ceph = await UseAsync();
        var bucket = await ceph.CreateBucketAsync(hasLock: true);
        var lines = await _place.LinesAsync($$"""
            $null = Register-BackupTarget offsite s3://{{bucket}}/x -Endpoint {{ceph.Endpoint.OriginalString}}
            $before = (Get-BackupTarget offsite).Options.Count
            $test = Test-BackupTarget offsite -WhatIf
            "$($test.IsFit) and $((Get-BackupTarget offsite).Options.Count - $before) kept, $($test.Checks.Where({ $_.Name -like 'Put*' }).Count) there"
            $test = Get-BackupTarget | Test-BackupTarget
            $test.Checks.Where({ $_.Result -in 'Failed', 'NotReached', 'CannotTell' }).ForEach({ "$_" })
            "$test, $($test.ExitCode), $($test.Platform), $($test.Region), $([Math]::Abs($test.ClockDifference.TotalMinutes) -lt 1)"
            "$($test.LockModes), $($test.KeepsLegalHolds), $($test.KeepsVersions), $($test.HasConditionalPut), $($test.HasServerChecksum)"
            $test.RightsTooWide -join '; '
            $test.Facts['Versioning'], ($test.Requests -gt 20) -join ' '
            $options = (Get-BackupTarget offsite).Options
            $options['versioning'], $options['conditionalput'] -join ' '
            """);

        Assert.Equal(
            [
                "True and 0 kept, 0 there", "offsite: fit, 0, S3 compatible, us-east-1, True", "Governance Compliance, True, True, False, True",
                "delete objects; delete what is locked in the mode Governance; s3:PutBucketPolicy", "on True", "on no",
            ],
            lines.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal)));
        Assert.Contains(lines, static line => line.StartsWith("What if:", StringComparison.Ordinal) && line.Contains("below probe/", StringComparison.Ordinal));
        var left = (await ceph.Admin.ListObjectsV2Async(new() { BucketName = bucket }, Cancel)).S3Objects;
        Assert.Equal(["locked-compliance"], left.Select(static found => found.Key.Split('/')[^1]).Order(StringComparer.Ordinal));
        Assert.All(left, static found => Assert.StartsWith("x/probe/", found.Key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_everybody_may_read_is_not_fit_and_neither_is_nothing()
    {
        var ceph = await UseAsync();
        var bucket = await ceph.CreateBucketAsync();
        await ceph.Admin.PutBucketAclAsync(new() { BucketName = bucket, ACL = Amazon.S3.S3CannedACL.PublicRead }, Cancel);
        var lines = await _place.LinesAsync($$"""
            $endpoint = '{{ceph.Endpoint.OriginalString}}'
            $test = Test-BackupTarget -Uri "s3://{{bucket}}/x?endpoint=$endpoint" -Quick
            "$test $($test.ExitCode) $($test.Checks.Count)"
            $test.Checks.Where({ $_.Result -eq 'Failed' }).ForEach({ "$($_.Name) $($_.Code) $($_.Remedy)" })
            $test = Test-BackupTarget -Uri "s3://no-such-bucket-here/x?endpoint=$endpoint"
            $test.Checks.Where({ $_.Result -ne 'NotReached' }).ForEach({ "$($_.Name) $($_.Code)" })
            "$($test.IsFit), $($null -eq $test.KeepsVersions), $($test.LockModes.Count), $($test.Learnt.Count)"
            $null = Register-BackupTarget offsite s3://{{bucket}}/x -Endpoint $endpoint -SkipTest
            $tests = 'nowhere', 'offsite' | Test-BackupTarget -Quick -ErrorAction SilentlyContinue -ErrorVariable problem
            @($tests).Name, $problem[0].FullyQualifiedErrorId.Split(',')[0] -join ' '
            Get-ErrorId { Test-BackupTarget nowhere -ErrorAction Stop }
            Get-ErrorId { Test-BackupTarget -Uri 's3://bucket?endpoint=http://127.0.0.1:1&colour=red' -ErrorAction Stop }
            """);

        Assert.Equal(
            [
                $"s3://{bucket}/x?endpoint={ceph.Endpoint.OriginalString}: not fit 1 12", $"Not public {FaultCodes.TargetExposed} {FaultCodes.TargetExposed.Remedy}",
                $"Place exists {FaultCodes.TargetPlaceMissing}", "False, True, 0, 0", $"offsite {FaultCodes.NoSuchTarget}", $"{FaultCodes.NoSuchTarget}", $"{FaultCodes.TargetOptionInvalid}",
            ],
            lines);
        Assert.Empty((await ceph.Admin.ListObjectsV2Async(new() { BucketName = bucket }, Cancel)).S3Objects ?? []);
    }

    [Fact]
    public async Task Where_nothing_is_written_only_those_look_that_can()
    {
        var ceph = await UseAsync();
        var bucket = await ceph.CreateBucketAsync(hasLock: true);
        var lines = await _place.LinesAsync($$"""
            $null = Register-BackupTarget offsite s3://{{bucket}}/x -Endpoint {{ceph.Endpoint.OriginalString}} -ReadOnly
            $test = Test-BackupTarget offsite
            "$($test.Checks.Name)"
            "$test, $($test.KeepsVersions), $($null -eq $test.HasConditionalPut)"
            """);

        Assert.Equal(
            [
                "Place exists Credential accepted Region right Transport List Clock Not public Demands TLS Versioning Encryption Lifecycle Unfinished uploads Cold objects",
                "offsite: fit, True, True",
            ],
            lines);
        Assert.Empty((await ceph.Admin.ListVersionsAsync(new Amazon.S3.Model.ListVersionsRequest { BucketName = bucket }, Cancel)).Versions ?? []);
    }

    [Fact]
    public async Task A_test_is_shown_check_by_check_and_ends_with_what_can_be_kept()
    {
        var ceph = await UseAsync();
        var bucket = await ceph.CreateBucketAsync();
        var lines = await _place.LinesAsync($"Test-BackupTarget -Uri 's3://{bucket}/x?endpoint={ceph.Endpoint.OriginalString}'");

        Assert.Contains(lines, static line => line.Contains("Passed      Place exists", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.Contains("NotOffered  Lock ", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.StartsWith("Fit", StringComparison.Ordinal) && line.EndsWith("True", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.StartsWith("Conditional create : True", StringComparison.Ordinal));
        Assert.Contains("delete objects", lines[^1], StringComparison.Ordinal);
    }

    private async Task<CephServer> UseAsync()
    {
        var ceph = await TestServers.CephAsync();
        (_place.Environment["SECUREBACKUP_TARGET_USER"], _place.Environment["SECUREBACKUP_TARGET_PASSWORD"]) = (ceph.Key.Id, ceph.Key.Secret);
        return ceph;
    }
}
