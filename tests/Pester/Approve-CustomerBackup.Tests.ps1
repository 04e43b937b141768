#Requires -Version 7.6

Describe 'Approve-CustomerBackup' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        $good = Start-CustomerBackup -Path $place.Crm
        $suspect = Start-CustomerBackup -Path $place.Crm -MinimumCount 1000 -WarningAction SilentlyContinue
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'makes a suspect snapshot count' {
        $suspect.ExitCode | Should -Be 3
        $suspect.IsGood | Should -BeFalse
        $approved = $suspect | Approve-CustomerBackup -Reason 'small on purpose' -Confirm:$false
        $approved.IsGood | Should -BeTrue
        (Get-CustomerBackup -Id $suspect.Id).VerdictReason | Should -BeExactly 'small on purpose'
    }

    It 'declares a snapshot bad with -Reject' {
        $null = $suspect | Approve-CustomerBackup -Reject -Reason 'ransom' -Confirm:$false
        (Get-CustomerBackup -Id $suspect.Id).Verdict | Should -Be 'Rejected'
        (Remove-CustomerBackup -KeepLast 9 -Confirm:$false | Where-Object -Property Action -EQ -Value 'Removed').Snapshot | Should -BeExactly $suspect.Id
    }

    It 'decides nothing with -WhatIf' {
        $null = $suspect | Approve-CustomerBackup -Reason 'x' -WhatIf
        (Get-CustomerBackup -Id $suspect.Id).Verdict | Should -BeNullOrEmpty
    }
}
