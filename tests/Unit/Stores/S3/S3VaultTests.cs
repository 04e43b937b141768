using Amazon.S3.Model;
using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Doubles.S3;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Cmdlets;

namespace SecureBackup.Tests.Unit.Stores.S3;

/// <summary>The packaged module with its vault on an S3 server, by a bare address.</summary>
public sealed class S3VaultTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_vault_is_made_filled_and_restored_on_an_S3_server()
    {
        var ceph = await TestServers.CephAsync();
        var address = $"s3://{await UseBucketAsync(ceph)}/shop/main?endpoint={ceph.Endpoint.OriginalString}";
        var lines = await _place.LinesAsync($$"""
            $vault = New-BackupVault '{{address}}'
            $vault.Path
            (Start-CustomerBackup ./crm -Vault '{{address}}').FileCount
            ($vault | Connect-BackupVault).Path
            $null = Restore-CustomerBackup -Destination ./out
            @(Test-CustomerBackup -ReadData).IsHealthy
            [IO.File]::ReadAllLines("$PWD/out/crm/customers.csv")
            Get-ErrorId { New-BackupVault '{{address}}' }
            """);

        Assert.Equal([address, "3", address, "True", "id;name", "1;Ada", "2;Bo", $"{FaultCodes.VaultExists}"], lines);
        Assert.Equal(["cache", "crm", "mail", "out"], Directory.EnumerateFileSystemEntries(_place.FullPath).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_is_wrong_with_an_address_or_its_bucket_is_said_and_no_secret_with_it()
    {
        var ceph = await TestServers.CephAsync();
        var bucket = await UseBucketAsync(ceph);
        var endpoint = ceph.Endpoint.OriginalString;
        var result = await _place.RunAsync($$"""
            Get-ErrorId { New-BackupVault 's3://no-such-bucket-here/x?endpoint={{endpoint}}' }
            Get-ErrorId { New-BackupVault 's3://{{bucket}}/x?endpoint={{endpoint}}&secret=hunter2hunter2' }
            Get-ErrorId { New-BackupVault 's3://{{bucket}}/x?endpoint=http://s3.example.org' }
            Get-ErrorId { New-BackupVault 's3://{{bucket}}/x?endpoint={{endpoint}}&colour=red' }
            Get-ErrorId { New-BackupVault 'ftp://{{bucket}}/x' }
            $env:SECUREBACKUP_TARGET_PASSWORD = 'hunter2hunter2'
            Get-ErrorId { New-BackupVault 's3://{{bucket}}/x?endpoint={{endpoint}}' }
            try { New-BackupVault 's3://{{bucket}}/x?endpoint={{endpoint}}' } catch { "$_"; "$($_.Exception)" }
            """);

        var lines = result.ShouldSucceed().OutputLines;
        Assert.Equal(
            [
                $"{FaultCodes.TargetPlaceMissing}", $"{FaultCodes.SecretInAddress}", $"{FaultCodes.PlainHttpRefused}", $"{FaultCodes.TargetOptionInvalid}",
                $"{FaultCodes.TargetAddressInvalid}", $"{FaultCodes.TargetKeyRejected}",
            ],
            lines.Take(6));
        Assert.DoesNotContain("hunter2", string.Concat(lines), StringComparison.Ordinal);
        Assert.DoesNotContain(ceph.Key.Id, string.Concat(lines), StringComparison.Ordinal);
        Assert.Empty((await ceph.Admin.ListObjectsV2Async(new ListObjectsV2Request { BucketName = bucket }, TestContext.Current.CancellationToken)).S3Objects ?? []);
    }

    [Fact]
    public async Task What_speaks_to_stores_is_loaded_when_it_is_named_and_from_what_was_compiled_ahead()
    {
        var ceph = await TestServers.CephAsync();
        var address = $"s3://{await UseBucketAsync(ceph)}/x?endpoint={ceph.Endpoint.OriginalString}";
        var lines = await _place.LinesAsync($$"""
            function Get-Loaded { [Runtime.Loader.AssemblyLoadContext]::All.Assemblies.Location.Where({ $_ -match 'engine.targets' }) }
            $null = New-BackupVault ./vault
            $null = Start-CustomerBackup ./crm -Vault ./vault
            @(Get-Loaded).Count
            $null = New-BackupVault '{{address}}'
            Get-Loaded
            """);

        var targets = Path.Combine(PackagedModule.Folder, "engine", "targets");
        var images = Directory.EnumerateDirectories(targets).SelectMany(static folder => Directory.EnumerateFiles(folder, "*.dll")).ToList();
        Assert.Equal("0", lines[0]);
        Assert.Contains(lines, static line => Path.GetFileName(line) is "AWSSDK.S3.dll");
        Assert.All(lines.Skip(1), line => Assert.StartsWith(targets, line, StringComparison.Ordinal));
        Assert.All(lines.Skip(1).Where(line => images.Exists(image => string.Equals(Path.GetFileName(image), Path.GetFileName(line), StringComparison.Ordinal))), line => Assert.Contains(line, images));
    }

    [Fact]
    public async Task Without_it_vaults_in_folders_work_and_others_say_what_is_missing()
    {
        var module = _place["module"];
        var targets = Path.Combine(PackagedModule.Folder, "engine", "targets") + Path.DirectorySeparatorChar;
        foreach (var file in Directory.EnumerateFiles(PackagedModule.Folder, "*", SearchOption.AllDirectories).Where(file => !file.StartsWith(targets, StringComparison.Ordinal)))
        {
            var copy = Path.Combine(module, Path.GetRelativePath(PackagedModule.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        var script = $$"""
            Import-Module '{{Path.Combine(module, "SecureBackup.psd1")}}'
            (New-BackupVault ./vault).Role
            try { New-BackupVault 's3://bucket/x?region=eu-central-1' } catch { $_.FullyQualifiedErrorId.Split(',')[0] }
            """;
        var result = await Shell.ShellProcess.RunCommandAsync(script, PackagedModule.Options(_place.Environment, _place.FullPath), TestContext.Current.CancellationToken);
        Assert.Equal(["Owner", $"{FaultCodes.PlatformNotInstalled}"], result.ShouldSucceed().OutputLines);
    }

    [Fact]
    public async Task A_restore_from_the_archive_says_what_lies_there_and_goes_on_when_it_was_restored()
    {
        await using var server = await S3Double.StartAsync();
        server.MakeBucket("offsite");
        _place.Environment["SECUREBACKUP_TARGET_USER"] = server.Key.Id;
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = server.Key.Secret;
        var address = $"s3://offsite/shop?endpoint={server.Endpoint.OriginalString.TrimEnd('/')}&region=eu-central-1&versioning=off";
        await _place.LinesAsync($"$null = New-BackupVault '{address}'; $null = Start-CustomerBackup ./crm -Vault '{address}'");
        var packs = server.Bucket("offsite").Objects.Where(static pair => pair.Key.StartsWith("shop/packs/", StringComparison.Ordinal)).Select(static pair => pair.Value).ToList();
        packs.ForEach(static versions => versions[^1] = versions[^1] with { StorageClass = "GLACIER" });

        var cold = await _place.LinesAsync($$"""
            try { $null = Restore-CustomerBackup -Vault '{{address}}' -Destination ./out } catch { $_.FullyQualifiedErrorId.Split(',')[0]; "$_"; $_.ErrorDetails.RecommendedAction }
            Get-ErrorId { Test-CustomerBackup -Vault '{{address}}' -ReadData }
            """);
        packs.ForEach(static versions => versions[^1].Restore = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
        var warm = await _place.LinesAsync($"$null = Restore-CustomerBackup -Vault '{address}' -Destination ./out; [IO.File]::ReadAllLines(\"$PWD/out/crm/customers.csv\")");

        Assert.NotEmpty(packs);
        Assert.Equal(4, cold.Count);
        Assert.Equal($"{FaultCodes.TargetCold}", cold[0]);
        Assert.Contains("it lies in GLACIER, and nothing there can be read before it is restored", cold[1], StringComparison.Ordinal);
        Assert.StartsWith("Restore what lies below 'shop/packs/' from the archive", cold[2], StringComparison.Ordinal);
        Assert.Equal($"{FaultCodes.TargetCold}", cold[3]);
        Assert.Equal(["id;name", "1;Ada", "2;Bo"], warm);
    }

    [Fact]
    public async Task With_Warm_it_asks_for_what_lies_there_once_and_goes_on_when_it_can_be_read()
    {
        // At IBM: listings that say nothing of copies, so that each cold pack is looked at.
        await using var server = await S3Double.StartAsync(new S3DoubleOptions { Region = "eu-de", HasOldListingsOnly = true, IgnoresConditions = true });
        server.MakeBucket("offsite");
        _place.Environment["SECUREBACKUP_TARGET_USER"] = server.Key.Id;
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = server.Key.Secret;
        var address = $"ibmcos://offsite/shop?region=eu-de&versioning=off&endpoint={server.Endpoint.OriginalString.TrimEnd('/')}";
        await _place.LinesAsync($$"""
            $null = New-BackupVault '{{address}}'
            $null = Start-CustomerBackup ./crm -Vault '{{address}}' -DataSet crm
            $null = [pscustomobject]@{ Id = 4711; Name = 'Ada' } | Start-CustomerBackup -Vault '{{address}}' -DataSet people -SubjectProperty Id
            """);
        var packs = server.Bucket("offsite").Objects.Where(static pair => pair.Key.StartsWith("shop/packs/", StringComparison.Ordinal)).Select(static pair => pair.Value).ToList();
        packs.ForEach(static versions => versions[^1] = versions[^1] with { StorageClass = "GLACIER" });
        var script = $$"""
            function Say { try { & $args[0] } catch { $_.FullyQualifiedErrorId.Split(',')[0]; "$_"; $_.ErrorDetails.RecommendedAction } }
            $at = @{ Vault = '{{address}}'; DataSet = 'crm'; Destination = './out'; Warm = 3 }
            Say { $found = Restore-CustomerBackup @at -WhatIf 3>$null; "$($found.ColdPackCount) $($found.ColdBytes)" }
            Say { Restore-CustomerBackup @at }
            Say { (Restore-CustomerBackup -Vault '{{address}}' -DataSet people -Warm 3 -WarmSpeed Bulk).Name }
            Say { Restore-CustomerBackup -Vault '{{address}}' -DataSet crm -Destination ./out -WarmSpeed Bulk }
            """;

        var cold = (await _place.LinesAsync(script)).Where(static line => !line.StartsWith("What if", StringComparison.Ordinal)).ToList();
        var asked = Asked(server);
        var again = await _place.LinesAsync(script);
        Assert.Equal(asked, Asked(server));
        packs.ForEach(static versions => versions[^1].Restore = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
        var warm = await _place.LinesAsync($"{script}\n[IO.File]::ReadAllLines(\"$PWD/out/crm/customers.csv\")");

        Assert.Equal(packs.Count, asked.Count);
        Assert.Equal(packs.Count, asked.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(10, cold.Count);
        Assert.Matches("^[1-9] [1-9][0-9]+$", cold[0]);
        Assert.Equal($"{FaultCodes.TargetCold}", cold[1]);
        Assert.Matches(@"^[1-9] pack\(s\) of [0-9,]+ bytes that are needed lie in GLACIER: [1-9] were asked for now, 0 before\. They can be read within 12 hour\(s\) at the longest\.$", cold[2][(cold[2].IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        Assert.StartsWith("Give the same command again", cold[3], StringComparison.Ordinal);
        Assert.Equal([$"{FaultCodes.TargetCold}", $"{FaultCodes.ParameterOfOtherKind}"], [cold[4], cold[7]]);
        Assert.Contains(again, static line => line.Contains(" 0 were asked for now, ", StringComparison.Ordinal));
        Assert.Contains("Ada", warm);
        Assert.Equal(["id;name", "1;Ada", "2;Bo"], warm.TakeLast(3));
    }

    private static List<string> Asked(S3Double server) =>
        [.. server.Requests.Where(static request => request.Operation is "RestoreObject").Select(static request => request.Target)];

    private async Task<string> UseBucketAsync(CephServer ceph)
    {
        _place.Environment["SECUREBACKUP_TARGET_USER"] = ceph.Key.Id;
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = ceph.Key.Secret;
        return await ceph.CreateBucketAsync();
    }
}
