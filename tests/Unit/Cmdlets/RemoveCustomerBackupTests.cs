using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class RemoveCustomerBackupTests : IDisposable
{
    private const string FourSnapshots = """
        $null = New-BackupVault ./vault | Connect-BackupVault
        $a = Start-CustomerBackup ./crm
        $null = Test-CustomerBackup
        $b = Start-CustomerBackup ./crm
        $c = Start-CustomerBackup ./crm
        $d = Start-CustomerBackup ./crm
        $names = @{ $a.Id = 'a'; $b.Id = 'b'; $c.Id = 'c'; $d.Id = 'd' }
        function Show($Snapshots) { @($Snapshots).Where({ $_ }).ForEach({ $names[$_.Id] }) -join '' }

        """;

    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task Rules_keep_what_they_say_and_the_newest_verified_one()
    {
        var lines = await _place.LinesAsync(FourSnapshots + """
            $done = Remove-CustomerBackup -KeepLast 1 -Confirm:$false
            $done.ForEach({ "$($names[$_.Snapshot]) $($_.Action) $($_.Reasons -join '; ')" })
            'left ' + (Show (Get-CustomerBackup))
            """);
        Assert.Equal(["d Kept last 1", "a Kept newest verified", "c Removed no rule keeps it", "b Removed no rule keeps it", "left da"], lines);
    }

    [Fact]
    public async Task WhatIf_shows_every_snapshot_with_its_reasons_and_writes_nothing_to_the_vault()
    {
        await _place.LinesAsync(FourSnapshots);
        var before = _place.Picture().Where(line => line.StartsWith(_place["vault"], StringComparison.Ordinal)).ToList();
        var lines = await _place.LinesAsync("""
            $plan = Remove-CustomerBackup -Vault ./vault -KeepLast 2 -KeepWithin 1h -WhatIf
            $plan.ForEach({ "$($_.Action) $($_.Reasons.Count)" })
            $plan = Remove-CustomerBackup -Vault ./vault -KeepLast 2 -WhatIf
            $plan.ForEach({ "$($_.Action) $($_.Reasons -join '; ')" })
            $plan | Out-Default
            """);
        Assert.Equal(["Kept 2", "Kept 2", "Kept 1", "Kept 2"], lines.Where(static line => line.StartsWith("Kept ", StringComparison.Ordinal)).Take(4));
        Assert.Contains("WouldRemove no rule keeps it", lines);
        Assert.Contains(lines, static line => line.StartsWith("What if:", StringComparison.Ordinal) && line.Contains("no rule keeps it", StringComparison.Ordinal));
        Assert.Contains(lines, static line => line.Contains("Action", StringComparison.Ordinal) && line.Contains("Reasons", StringComparison.Ordinal));
        Assert.Equal(before, _place.Picture().Where(line => line.StartsWith(_place["vault"], StringComparison.Ordinal)));
    }

    [Fact]
    public async Task By_name_all_goes_but_what_must_stay_and_that_is_said()
    {
        var lines = await _place.LinesAsync(FourSnapshots + """
            $done = $a, $b, $d | Remove-CustomerBackup -Reason 'by mistake' -Confirm:$false -ErrorAction SilentlyContinue -ErrorVariable refused
            @($done).ForEach({ "$($names[$_.Snapshot]) $($_.Action) $($_.Reasons)" })
            $refused[0].FullyQualifiedErrorId.Substring(0, 6)
            'left ' + (Show (Get-CustomerBackup))
            $nothing = Remove-CustomerBackup -KeepLast 1 -DataSet crn -WarningVariable warned -WarningAction SilentlyContinue
            "$($warned.Count) $($warned[0] -match "data set 'crn'")"
            Get-ErrorId { Remove-CustomerBackup zzz -Reason 'none' -Confirm:$false }
            """);
        Assert.Equal(["b Removed asked for by name: by mistake", "d Removed asked for by name: by mistake", $"{FaultCodes.LastGoodSnapshot}", "left ca", "1 True", $"{FaultCodes.NoSuchSnapshot}"], lines);
    }

    [Fact]
    public async Task One_that_is_lost_for_good_goes_by_its_whole_id_and_then_space_can_be_given_back()
    {
        var lines = await _place.LinesAsync(FourSnapshots + """
            [IO.File]::Delete("$PWD/vault/snapshots/$($b.Id)")
            Get-ErrorId { Optimize-BackupVault -WarningAction Ignore }
            Get-ErrorId { Remove-CustomerBackup $b.Id.Substring(0, 12) -Reason 'lost' -Confirm:$false -WarningAction Ignore }
            $plan = Remove-CustomerBackup $b.Id -Reason 'lost' -WhatIf -WarningAction Ignore
            "$($plan.Action) $($names[$plan.Snapshot]) $($null -eq $plan.Started)"
            Get-ErrorId { Optimize-BackupVault -WarningAction Ignore }
            (Remove-CustomerBackup $b.Id -Reason 'lost' -Confirm:$false -WarningAction Ignore).Action
            Get-CustomerBackup -WarningVariable missed | Out-Null
            "missed $($missed.Count), left $(Show (Get-CustomerBackup)), $((Optimize-BackupVault).ExitCode)"
            """);
        Assert.Equal(
            [$"{FaultCodes.CollectionStopped}", $"{FaultCodes.NoSuchSnapshot}", "WouldRemove b True", $"{FaultCodes.CollectionStopped}", "Removed", "missed 0, left dca, 0"],
            lines.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Bad_rules_are_said_before_the_vault_is_looked_at()
    {
        var lines = await _place.LinesAsync("""
            Get-ErrorId { Remove-CustomerBackup -Vault ./none -KeepLast 0 }
            Get-ErrorId { Remove-CustomerBackup -Vault ./none -DataSet crm }
            Get-ErrorId { Remove-CustomerBackup -Vault ./none -KeepDaily 1 -TimeZone Middle/Earth }
            Get-ErrorId { Remove-CustomerBackup -Vault ./none -KeepWithin 30 }
            """);
        Assert.Equal([$"{FaultCodes.KeepsNothing}", $"{FaultCodes.KeepsNothing}", $"{FaultCodes.NoSuchTimeZone}", "ParameterArgumentTransformationError"], lines);
    }

    /// <summary>What PowerShell's parser takes for a number must not become so many ten-millionths of a second: that keeps one snapshot of all.</summary>
    [Fact]
    public async Task A_time_means_what_is_written_with_or_without_quotes()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault -KeyFile ./owner.key
            $null = Start-CustomerBackup ./crm -Vault ./vault -KeyFile ./owner.key
            function Within($Plan) { ($Plan.Reasons -like 'within*') -replace ' of the newest' }
            Within (Remove-CustomerBackup -Vault ./vault -KeyFile ./owner.key -KeepWithin 2y -WhatIf)
            Within (Remove-CustomerBackup -Vault ./vault -KeyFile ./owner.key -KeepWithin 30d -WhatIf)
            Within (Remove-CustomerBackup -Vault ./vault -KeyFile ./owner.key -KeepWithin 1.5d -WhatIf)
            Within (Remove-CustomerBackup -Vault ./vault -KeyFile ./owner.key -KeepWithin '12H' -WhatIf)
            Within (Remove-CustomerBackup -Vault ./vault -KeyFile ./owner.key -KeepWithin 30.00:00:00 -WhatIf)
            foreach ($number in 30, 30L, 30.5, [short] 30, [byte] 30, [bigint] 30, '30', '30.5', '999999y') { Get-ErrorId { Remove-CustomerBackup -Vault ./vault -KeepWithin $number } }
            Get-ErrorId { Optimize-BackupVault -Vault ./vault -For 60 }
            Get-ErrorId { Set-BackupVault -Vault ./vault -RetentionFloor 1 -Confirm:$false }
            (Set-BackupVault -Vault ./vault -KeyFile ./owner.key -RetentionFloor 2y -Confirm:$false).RetentionFloor.Days
            """);
        Assert.Equal(
            ["within 730.00:00:00", "within 30.00:00:00", "within 1.12:00:00", "within 12:00:00", "within 30.00:00:00", .. Enumerable.Repeat("ParameterArgumentTransformationError", 11), "730"],
            lines.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_writers_key_removes_nothing()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $null = Export-BackupWriterKey -Name shop01 -Path ./shop01.key -Vault ./vault
            $null = Start-CustomerBackup ./crm -Vault ./vault
            $env:SECUREBACKUP_PASSPHRASE = ''
            Get-ErrorId { Remove-CustomerBackup -Vault ./vault -KeyFile ./shop01.key -KeepLast 1 -Confirm:$false }
            """);
        Assert.Equal([$"{FaultCodes.RoleMissing}"], lines);
    }
}
