#Requires -Version 7.6

Describe 'Set-BackupVault' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'changes the rules and shows them' {
        $null = Set-BackupVault -Vault $place.Vault -GraceTime 3.00:00:00 -DeduplicationTrust Vault -Confirm:$false
        $policy = Set-BackupVault -Vault $place.Vault
        $policy.GraceTime | Should -Be ([timespan]::FromDays(3))
        $policy.DeduplicationTrust | Should -Be 'Vault'
    }

    It 'refuses what a vault cannot live with' {
        { Set-BackupVault -Vault $place.Vault -SessionLapse 0:01:00 -Confirm:$false } | Should -Throw -ErrorId 'SB1313,*'
        { Set-BackupVault -Vault $place.Vault -OwnersNeeded 2 -Confirm:$false } | Should -Throw -ErrorId 'SB1902,*'
    }
}
