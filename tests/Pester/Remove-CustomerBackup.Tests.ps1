#Requires -Version 7.6

Describe 'Remove-CustomerBackup' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        $first = Start-CustomerBackup -Path $place.Crm
        $null = Test-CustomerBackup
        $second = Start-CustomerBackup -Path $place.Crm
        $third = Start-CustomerBackup -Path $place.Crm
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'keeps what a rule keeps, and the newest verified one' {
        $done = Remove-CustomerBackup -KeepLast 1 -Confirm:$false
        ($done | Where-Object -Property Action -EQ -Value 'Removed').Snapshot | Should -BeExactly $second.Id
        (Get-CustomerBackup).Id | Should -BeExactly @($third.Id, $first.Id)
    }

    It 'shows each snapshot with its reasons with -WhatIf, and removes none' {
        $plan = Remove-CustomerBackup -KeepLast 1 -WhatIf
        $plan | Should -HaveCount 3
        $plan.Reasons | Should -Not -BeNullOrEmpty
        $plan.Action | Should -Contain 'WouldRemove'
        Get-CustomerBackup | Should -HaveCount 3
    }

    It 'refuses to remove the newest verified one by name' {
        { $first | Remove-CustomerBackup -Reason 'no' -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'SB5202*'
    }

    It 'refuses rules that keep nothing' {
        { Remove-CustomerBackup -KeepLast 0 -Confirm:$false } | Should -Throw -ErrorId 'SB1601*'
    }
}
