using System.Globalization;
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

    [Theory]
    [InlineData("GLACIER", "Standard", "5 hour(s)")]
    [InlineData("DEEP_ARCHIVE", "Expedited", "12 hour(s)")]
    public async Task A_restore_from_the_archive_says_what_lies_there_asks_for_it_once_and_goes_on_when_it_can_be_read(string storageClass, string speed, string within)
    {
        await using var server = await S3Double.StartAsync();
        server.MakeBucket("offsite");
        _place.Environment["SECUREBACKUP_TARGET_USER"] = server.Key.Id;
        _place.Environment["SECUREBACKUP_TARGET_PASSWORD"] = server.Key.Secret;
        var address = $"s3://offsite/shop?endpoint={server.Endpoint.OriginalString.TrimEnd('/')}&region=eu-central-1&versioning=off";
        await _place.LinesAsync($"$null = New-BackupVault '{address}'; $null = Start-CustomerBackup ./crm -Vault '{address}'");
        var packs = server.Bucket("offsite").Objects.Where(static pair => pair.Key.StartsWith("shop/packs/", StringComparison.Ordinal)).Select(static pair => pair.Value).ToList();
        packs.ForEach(versions => versions[^1] = versions[^1] with { StorageClass = storageClass });

        var cold = await _place.LinesAsync($$"""
            try { $null = Restore-CustomerBackup -Vault '{{address}}' -Destination ./out } catch { $_.FullyQualifiedErrorId.Split(',')[0]; "$_"; $_.ErrorDetails.RecommendedAction }
            Get-ErrorId { Test-CustomerBackup -Vault '{{address}}' -ReadData }
            """);
        var restore = $"Restore-CustomerBackup -Vault '{address}' -Destination ./out -Warm 3 -WarmSpeed {speed}";
        var script = $"try {{ $null = {restore} }} catch {{ $_.FullyQualifiedErrorId.Split(',')[0]; \"$_\"; $_.ErrorDetails.RecommendedAction }}";
        var foreseen = await _place.LinesAsync($"$found = {restore} -WhatIf 3>$null; $found.ColdPackCount, $found.WarmingPackCount, $found.ColdBytes");
        Assert.Empty(Asked(server));
        var asked = await _place.LinesAsync(script);
        var askedFor = Asked(server);
        var before = await _place.LinesAsync(script);
        Assert.Equal(askedFor, Asked(server));
        packs.ForEach(static versions => versions[^1].Restore = (DateTimeOffset.MinValue, DateTimeOffset.MaxValue));
        var warm = await _place.LinesAsync($"$null = {restore}; [IO.File]::ReadAllLines(\"$PWD/out/crm/customers.csv\")");

        var bytes = packs.Sum(static versions => versions[^1].Bytes.Length);
        Assert.Equal([$"{packs.Count}", "0", $"{bytes}"], foreseen.TakeLast(3));
        Assert.Equal(packs.Count, askedFor.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(packs.Count, askedFor.Count);
        Assert.DoesNotContain(server.Requests, static request => request.Operation is "HeadObject" && request.Target.Contains("/packs/", StringComparison.Ordinal));
        Assert.Equal($"{FaultCodes.TargetCold}", asked[0]);
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"{packs.Count} pack(s) of {bytes:N0} bytes that are needed lie in {storageClass}: {packs.Count} were asked for now, 0 before. They can be read within {within}"),
            asked[1],
            StringComparison.Ordinal);
        Assert.Contains("Give the same command again", asked[2], StringComparison.Ordinal);
        Assert.Contains($"0 were asked for now, {packs.Count} before.", before[1], StringComparison.Ordinal);
        Assert.Equal(4, cold.Count);
        Assert.Equal($"{FaultCodes.TargetCold}", cold[0]);
        Assert.Contains($"it lies in {storageClass}, and nothing there can be read before it is restored", cold[1], StringComparison.Ordinal);
        Assert.Contains("Restore-CustomerBackup with -Warm", cold[2], StringComparison.Ordinal);
        Assert.Contains("'shop/packs/'", cold[2], StringComparison.Ordinal);
        Assert.Equal($"{FaultCodes.TargetCold}", cold[3]);
        Assert.Equal(["id;name", "1;Ada", "2;Bo"], warm);
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
