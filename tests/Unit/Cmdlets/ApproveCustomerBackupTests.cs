using SecureBackup.Engine.Faults;

namespace SecureBackup.Tests.Unit.Cmdlets;

public sealed class ApproveCustomerBackupTests : IDisposable
{
    private readonly Workplace _place = new();

    public void Dispose() => _place.Dispose();

    [Fact]
    public async Task A_suspect_backup_is_kept_said_passed_over_and_counts_once_it_is_approved()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $good = Start-CustomerBackup ./crm
            $bad = Start-CustomerBackup ./crm -MinimumCount 10 -WarningAction SilentlyContinue -WarningVariable said
            "$($bad.Outcome) $($bad.ExitCode) $($bad.IsGood) $($bad.Findings[0].Code) $($bad.Findings[0].Measured) of $($bad.Findings[0].Limit) $($said.Count)"
            @(Remove-CustomerBackup -KeepLast 1 -Confirm:$false).ForEach({ "$($_.Action) $(@($_.Reasons)[-1])" })
            $restored = Restore-CustomerBackup -Destination ./one -WarningAction SilentlyContinue -WarningVariable passed
            "$($restored.Snapshot -eq $good.Id) $($passed.Count)"
            $approved = $bad | Approve-CustomerBackup -Reason 'it is small on purpose' -Confirm:$false
            "$($approved.Verdict) $($approved.IsGood) $($approved.VerdictReason)"
            (Restore-CustomerBackup -Destination ./two).Snapshot -eq $bad.Id
            "$((Get-CustomerBackup $bad).Verdict)"
            $null = $bad, $good | Approve-CustomerBackup -Reject -Reason 'after all' -Confirm:$false
            Get-ErrorId { Restore-CustomerBackup -Destination ./three }
            (Restore-CustomerBackup $bad -Destination ./four).Snapshot -eq $bad.Id
            """);
        Assert.Equal(
            [
                $"Suspect 3 False {FaultCodes.ContentTooFew} 3 of 10 1",
                "Kept suspect, and nobody has decided",
                "Kept frozen: a suspect snapshot of the data set waits for a decision",
                "True 1",
                "Approved True it is small on purpose",
                "True",
                "Approved",
                $"{FaultCodes.NoGoodSnapshot}",
                "True",
            ],
            lines);
    }

    [Fact]
    public async Task Records_that_became_few_are_suspect_too()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $all = (1..12).ForEach({ [pscustomobject] @{ Id = $_; Name = "Member $_" } })
            $null = $all | Start-CustomerBackup -DataSet members
            $few = $all[0..2] | Start-CustomerBackup -DataSet members -WarningAction SilentlyContinue
            "$($few.Outcome) $($few.Findings[0].Code) $($few.Findings[0].Measured)"
            """);
        Assert.Equal([$"Suspect {FaultCodes.ContentShrunk} 75"], lines);
    }

    [Fact]
    public async Task The_newest_is_the_newest_that_counts_of_records_and_in_a_drive_too()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault
            $null = Connect-BackupVault ./vault -Drive backup
            $all = (1..12).ForEach({ [pscustomobject] @{ Id = $_ } })
            $good = $all | Start-CustomerBackup -DataSet members
            $few = $all[0..2] | Start-CustomerBackup -DataSet members -WarningAction SilentlyContinue
            $records = @(Restore-CustomerBackup -DataSet members -WarningAction SilentlyContinue -WarningVariable passed)
            "$($records.Count) $($passed.Count) $($passed[0].Message.Contains($few.Id.Substring(0, 12)))"
            @(Restore-CustomerBackup $few).Count
            $items = $ExecutionContext.InvokeProvider
            $items.ChildItem.Get('backup:/', $false)[0].Snapshot -eq $good.Id
            $items.Item.Get('backup:/members')[0].Snapshot -eq $good.Id
            $null = $good, $few | Approve-CustomerBackup -Reject -Reason 'test' -Confirm:$false
            Get-ErrorId { Restore-CustomerBackup -DataSet members }
            """);
        Assert.Equal(["12 1 True", "3", "True", "True", $"{FaultCodes.NoGoodSnapshot}"], lines);
    }

    [Fact]
    public async Task A_check_looks_at_the_newest_and_at_what_a_restore_would_take()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $mail = Start-CustomerBackup ./mail
            $old = Start-CustomerBackup ./crm
            $good = Start-CustomerBackup ./crm
            $bad = Start-CustomerBackup ./crm -MinimumCount 10 -WarningAction SilentlyContinue
            @(Test-CustomerBackup).Snapshot -join ' ' -eq "$($bad.Id) $($good.Id) $($mail.Id)"
            @(Get-CustomerBackup -Latest).Id -join ' ' -eq "$($bad.Id) $($mail.Id)"
            $null = $bad | Approve-CustomerBackup -Reason 'test' -Confirm:$false
            @(Test-CustomerBackup).Snapshot -join ' ' -eq "$($bad.Id) $($mail.Id)"
            """);
        Assert.Equal(["True", "True", "True"], lines);
    }

    [Fact]
    public async Task Gates_are_skipped_by_name_and_WhatIf_decides_nothing()
    {
        var lines = await _place.LinesAsync("""
            $null = New-BackupVault ./vault | Connect-BackupVault
            $a = Start-CustomerBackup ./crm
            [IO.File]::WriteAllText("$PWD/crm/customers.csv", '')
            $b = Start-CustomerBackup ./crm -SkipGate EmptiedFiles
            $c = Start-CustomerBackup ./crm -Force -SkipGate All
            "$($b.Outcome) $($c.Outcome)"
            $null = Approve-CustomerBackup $b -Reason 'x' -WhatIf
            $null -eq (Get-CustomerBackup $b).Verdict
            Get-ErrorId { Start-CustomerBackup ./crm -MaxShrinkPercent 0 }
            Get-ErrorId { Approve-CustomerBackup zzz -Reason 'x' -Confirm:$false }
            """);
        Assert.Equal(["Succeeded Succeeded", "True", "ParameterArgumentValidationError", $"{FaultCodes.NoSuchSnapshot}"], lines.Where(static line => !line.StartsWith("What if:", StringComparison.Ordinal)));
    }
}
