using SecureBackup.Engine.Faults;
using SecureBackup.Tests.Servers.Processes;
using SecureBackup.Tests.Unit.Stores;

namespace SecureBackup.Tests.Unit.Cmdlets;

/// <summary>Registered targets: kept without secrets, found by name, checked against a real server before they are kept.</summary>
public sealed class BackupTargetTests : IDisposable
{
    private const string Secret = "hunter2hunter2";

    private const string Prepare = BackupVaultKeyTests.Secure + """

        $login = [pscredential]::new($env:TEST_ID, (Secure $env:TEST_SECRET))

        """;

    private readonly Workplace _place = new();

    public BackupTargetTests()
    {
        _place.Environment["SECUREBACKUP_CONFIG"] = _place["config"];
        _place.Environment["TEST_ID"] = "someid";
        _place.Environment["TEST_SECRET"] = Secret;
    }

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_vault_lives_at_a_name_on_a_real_server()
    {
        var (ceph, bucket) = await UseBucketAsync();
        var lines = await _place.LinesAsync(Prepare + $$"""
            $target = Register-BackupTarget -Name offsite -Uri s3://{{bucket}}/shop -Endpoint {{ceph.Endpoint.OriginalString}} -Credential $login
            $target.Platform, $target.Credential -join ' '
            (New-BackupVault offsite).Path
            (Start-CustomerBackup ./crm -Vault target:offsite).FileCount
            (Get-BackupTarget offsite | Connect-BackupVault -Drive backup).Role
            $drives = $ExecutionContext.SessionState
            $show = { param($drive) $ExecutionContext.InvokeProvider.ChildItem.Get("${drive}:/crm/latest/crm", $false).ForEach({ $_.Name }) -join ' ' }
            & $show backup
            $reader = $ExecutionContext.InvokeProvider.Content.GetReader('backup:/crm/latest/crm/notes/today.txt')[0]; $reader.Read(0); $reader.Close()
            ($env:SECUREBACKUP_TARGET_USER, $env:SECUREBACKUP_TARGET_PASSWORD) = ($env:TEST_ID, $env:TEST_SECRET)
            $null = $drives.Drive.New([Management.Automation.PSDriveInfo]::new('own', $drives.Provider.GetOne('BackupVault'), 's3://{{bucket}}/shop?endpoint={{ceph.Endpoint.OriginalString}}', '', $null), 'Global')
            & $show own
            Disconnect-BackupVault 's3://{{bucket}}/shop?endpoint={{ceph.Endpoint.OriginalString}}'
            $null = Restore-CustomerBackup -Destination ./out
            [IO.File]::ReadAllText("$PWD/out/crm/notes/today.txt").Trim()
            Disconnect-BackupVault offsite
            Unregister-BackupTarget offsite
            Get-ErrorId { Get-BackupVault target:offsite }
            [IO.Directory]::GetFiles("$PWD/config", '*', 'AllDirectories').Count
            """);

        Assert.Equal(["S3 compatible Stored", "target:offsite", "3", "Owner", "customers.csv notes", "Call Ada back.", "customers.csv notes", "Call Ada back.", $"{FaultCodes.NoSuchTarget}", "0"], lines);
        Assert.Contains((await ceph.Admin.ListObjectsV2Async(new() { BucketName = bucket, Prefix = "shop/keys/" }, TestContext.Current.CancellationToken)).S3Objects, static found => found.Size > 0);
    }

    [Fact]
    public async Task What_the_store_refuses_is_said_and_nothing_is_kept()
    {
        var (ceph, bucket) = await UseBucketAsync();
        var endpoint = ceph.Endpoint.OriginalString;
        var closed = ServerProcess.FreePort();
        await ceph.Admin.PutBucketAclAsync(new() { BucketName = bucket, ACL = Amazon.S3.S3CannedACL.PublicRead }, TestContext.Current.CancellationToken);
        var result = await _place.RunAsync(Prepare + $$"""
            $common = @{ Name = 'offsite'; Endpoint = '{{endpoint}}' }
            Get-ErrorId { Register-BackupTarget @common -Uri s3://no-such-bucket-here/x -Credential $login }
            Get-ErrorId { Register-BackupTarget @common -Uri s3://{{bucket}}/x -Credential ([pscredential]::new('nobody', (Secure '{{Secret}}'))) }
            Get-ErrorId { Register-BackupTarget @common -Uri s3://{{bucket}}/x -Credential ([pscredential]::new($env:TEST_ID, (Secure '{{Secret}}'))) }
            Get-ErrorId { Register-BackupTarget @common -Uri s3://{{bucket}}/x -Credential $login }
            Get-ErrorId { Register-BackupTarget offsite s3://{{bucket}}/x -Endpoint http://127.0.0.1:{{closed}} -Credential $login }
            Get-ErrorId { Register-BackupTarget offsite s3://{{bucket}}/x -Endpoint {{ceph.SecureEndpoint.OriginalString}} -Credential $login }
            [IO.Directory]::Exists("$PWD/config")
            $Error.ForEach({ "$_ $($_.Exception) $($_.ErrorDetails.RecommendedAction)" })
            """);

        var lines = result.ShouldSucceed().OutputLines;
        Assert.Equal(
            [
                $"{FaultCodes.TargetPlaceMissing}", $"{FaultCodes.TargetKeyRejected}", $"{FaultCodes.TargetKeyRejected}", $"{FaultCodes.TargetExposed}", $"{FaultCodes.TargetUnavailable}",
                $"{FaultCodes.TargetUntrusted}", "False",
            ],
            lines.Take(7));
        Assert.DoesNotContain(Secret, string.Concat(lines), StringComparison.Ordinal);
        Assert.DoesNotContain(ceph.Key.Secret, string.Concat(lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_right_that_is_missing_is_named()
    {
        var (ceph, bucket) = await UseBucketAsync();
        var user = $"u{Guid.NewGuid():n}";
        var other = await ceph.CreateUserAsync(user);
        (_place.Environment["TEST_ID"], _place.Environment["TEST_SECRET"]) = (other.Id, other.Secret);
        await AllowAsync(ceph, bucket, user, "s3:ListBucket", "s3:GetObject");
        var denied = await _place.LinesAsync(Prepare + Attempt(ceph, bucket));
        await AllowAsync(ceph, bucket, user, "s3:PutObject", "s3:GetObject");
        var blind = await _place.LinesAsync(Prepare + Attempt(ceph, bucket));
        await AllowAsync(ceph, bucket, user, "s3:PutObject", "s3:GetObject", "s3:ListBucket");
        var enough = await _place.LinesAsync(Prepare + Attempt(ceph, bucket));

        Assert.Equal([$"{FaultCodes.TargetAccessDenied}", "s3:PutObject"], denied);
        Assert.Equal([$"{FaultCodes.TargetAccessDenied}", "s3:ListBucket"], blind);
        Assert.Equal(["kept"], enough);
    }

    [Fact]
    public async Task Credentials_come_from_where_they_are_said_to_be_and_are_never_shown()
    {
        var (ceph, bucket) = await UseBucketAsync();
        var lines = await _place.LinesAsync(Prepare + TargetCredentialTests.Vaults + $$"""
            $common = @{ Uri = 's3://{{bucket}}/x'; Endpoint = '{{ceph.Endpoint.OriginalString}}' }
            (Register-BackupTarget one @common -Credential $login -InformationVariable told).Credential
            "$told"
            @($kept.Keys)
            (Register-BackupTarget two @common -CredentialVariable TEST_ID, TEST_SECRET).Credential
            $kept['home/mine'] = $login
            (Register-BackupTarget three @common -CredentialSecret mine).Credential
            Get-ErrorId { Register-BackupTarget four @common -CredentialSecret mine -Credential $login }
            Get-ErrorId { Register-BackupTarget four @common -CredentialVariable NOWHERE_TO_BE_SEEN }
            Unregister-BackupTarget one
            @($kept.Keys)
            (Get-BackupTarget | ForEach-Object { $_.PSObject.Properties.Value; $_.Options.Values }) -join " "
            """);

        Assert.Equal(
            [
                "Stored: SecureBackup/one", "The credential is kept as the secret 'SecureBackup/one'.", "home/SecureBackup/one", "Variable: TEST_ID,TEST_SECRET", "Secret: mine",
                $"{FaultCodes.TwoKeysGiven}", $"{FaultCodes.CredentialMissing}", "home/mine",
            ],
            lines.SkipLast(1));
        Assert.DoesNotContain(ceph.Key.Secret, lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(ceph.Key.Id, lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(_place["config"], "*", SearchOption.AllDirectories), file => File.ReadAllText(file).Contains(ceph.Key.Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Names_settings_and_files_that_are_wrong_are_refused()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = Register-BackupTarget offsite 's3://bucket/x?region=eu-central-1' -SkipTest -Credential $login
            Get-ErrorId { Register-BackupTarget offsite 's3://bucket/x?region=eu-central-1' -SkipTest }
            Get-ErrorId { Register-BackupTarget 'Off Site' 's3://bucket/x?region=eu-central-1' -SkipTest }
            Get-ErrorId { Register-BackupTarget other 's3://bucket/x?region=eu-central-1&sig=hunter2' -SkipTest }
            Get-ErrorId { Register-BackupTarget other s3://bucket/x -Endpoint https://s3.example.org -Option @{ colour = 'red' } -Credential $login }
            Get-ErrorId { Register-BackupTarget other s3://bucket/x -Endpoint http://s3.example.org -Credential $login }
            Get-ErrorId { Get-BackupVault target:nowhere }
            Get-ErrorId { Get-BackupVault 'target:No Where' }
            Get-ErrorId { Set-BackupTarget offsite -Timetable 'now and then' -SkipTest }
            $slow = Set-BackupTarget offsite -Timetable 'Mon-Fri 08:00-18:00 2MB', unlimited -ReadOnly -SkipTest
            $slow.Timetable[0], $slow.IsReadOnly -join ' '
            (Set-BackupTarget offsite -Clear Timetable -ReadOnly:$false -SkipTest).IsReadOnly
            $null = [IO.Directory]::CreateDirectory("$PWD/offsite")
            Get-ErrorId { Get-BackupVault offsite }
            Get-ErrorId { Get-BackupVault ./offsite }
            [IO.File]::WriteAllText("$PWD/config/targets/damaged.json", '{')
            $null = Get-BackupTarget -ErrorVariable damage -ErrorAction SilentlyContinue -OutVariable found
            @($found).Name, $damage[0].FullyQualifiedErrorId.Split(',')[0] -join ' '
            Unregister-BackupTarget damaged
            (Get-BackupTarget).Name
            (TabExpansion2 'Get-BackupTarget o' 18).CompletionMatches.CompletionText
            """);

        Assert.Equal(
            [
                $"{FaultCodes.TargetNameTaken}", $"{FaultCodes.TargetAddressInvalid}", $"{FaultCodes.SecretInAddress}", $"{FaultCodes.TargetOptionInvalid}", $"{FaultCodes.PlainHttpRefused}",
                $"{FaultCodes.NoSuchTarget}", $"{FaultCodes.TargetAddressInvalid}", $"{FaultCodes.TimetableInvalid}", "Mon-Fri 08:00-18:00 2MB True", "False", $"{FaultCodes.PlaceAmbiguous}", $"{FaultCodes.NotAVault}", $"offsite {FaultCodes.TargetFileDamaged}", "offsite", "offsite",
            ],
            lines);
    }

    [Fact]
    public async Task A_drive_of_the_session_that_is_called_target_is_meant_unless_a_target_has_the_name_too()
    {
        var lines = await _place.LinesAsync(Prepare + """
            $null = New-BackupVault ./drive/offsite
            $session = $ExecutionContext.SessionState
            $null = $session.Drive.New([Management.Automation.PSDriveInfo]::new('target', $session.Provider.GetOne('FileSystem'), "$PWD/drive", '', $null), 'Global')
            (Get-BackupVault target:offsite).Path -eq "$PWD/drive/offsite"
            $null = Register-BackupTarget offsite 's3://bucket/x?region=eu-central-1' -SkipTest -Credential $login
            Get-ErrorId { Get-BackupVault target:offsite }
            $session.Drive.Remove('target', $true, 'Global')
            Get-ErrorId { Get-BackupVault target:nowhere }
            """);
        Assert.Equal(["True", $"{FaultCodes.PlaceAmbiguous}", $"{FaultCodes.NoSuchTarget}"], lines);
    }

    [Fact]
    public async Task A_credential_that_cannot_be_kept_is_said_and_no_target_is()
    {
        var lines = await _place.LinesAsync(Prepare + """
            function Set-Secret { [CmdletBinding()] param($Name, $Secret) throw 'The secret vault is locked.' }
            Get-ErrorId { Register-BackupTarget offsite 's3://bucket/x?region=eu-central-1' -SkipTest -Credential $login }
            @(Get-BackupTarget).Count
            """);

        Assert.Equal([$"{FaultCodes.CredentialNotStorable}", "0"], lines);
    }

    [Fact]
    public async Task Settings_change_one_by_one_and_only_to_what_works()
    {
        var (ceph, bucket) = await UseBucketAsync();
        var lines = await _place.LinesAsync(Prepare + $$"""
            $null = Register-BackupTarget offsite s3://{{bucket}}/x -Endpoint {{ceph.Endpoint.OriginalString}} -Credential $login -MaxBytesPerSecond 5MB
            Get-ErrorId { Set-BackupTarget offsite -Credential ([pscredential]::new('nobody', (Secure 'x'))) }
            (Set-BackupTarget offsite -ParallelTransfers 4 -Clear MaxBytesPerSecond).Options['parallel']
            "limit: $((Get-BackupTarget offsite).MaxBytesPerSecond)"
            (Set-BackupTarget offsite -CredentialVariable TEST_ID, TEST_SECRET).Credential
            [IO.Directory]::GetFiles("$PWD/config/credentials").Count
            Set-BackupTarget offsite -Region elsewhere -WhatIf
            "region: $((Get-BackupTarget offsite).Region)"
            """);

        Assert.Equal([$"{FaultCodes.TargetKeyRejected}", "4", "limit: ", "Variable: TEST_ID,TEST_SECRET", "0", "region: "], lines.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal)));
    }

    private static string Attempt(CephServer ceph, string bucket) => $$"""
        $failure = $null
        try { $null = Register-BackupTarget "t$([guid]::NewGuid())" s3://{{bucket}}/x -Endpoint {{ceph.Endpoint.OriginalString}} -Credential $login } catch { $failure = $_ }
        if ($failure) { "$($failure.FullyQualifiedErrorId)".Split(',')[0]; [regex]::Match("$failure", 's3:\w+').Value } else { 'kept' }
        """;

    private static async Task AllowAsync(CephServer ceph, string bucket, string user, params string[] actions) => await ceph.Admin.PutBucketPolicyAsync(
        new()
        {
            BucketName = bucket,
            Policy = $$"""{ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "AWS": ["arn:aws:iam:::user/{{user}}"] }, "Action": [{{string.Join(",", actions.Select(static action => $"\"{action}\""))}}], "Resource": ["arn:aws:s3:::{{bucket}}", "arn:aws:s3:::{{bucket}}/*"] }] }""",
        },
        TestContext.Current.CancellationToken);

    private async Task<(CephServer Ceph, string Bucket)> UseBucketAsync()
    {
        var ceph = await TestServers.CephAsync();
        (_place.Environment["TEST_ID"], _place.Environment["TEST_SECRET"]) = (ceph.Key.Id, ceph.Key.Secret);
        return (ceph, await ceph.CreateBucketAsync());
    }
}
