#Requires -Version 7.6

Describe 'Add-BackupLegalHold' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $snapshot = Start-CustomerBackup -Vault $place.Vault -Path $place.Crm
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'holds a snapshot, and a data set by name' {
        ($snapshot | Add-BackupLegalHold -Vault $place.Vault -Reason 'lawsuit' -Owner 'legal').Scope | Should -Be 'Snapshot'
        (Add-BackupLegalHold -Vault $place.Vault -DataSet 'crm' -Reason 'audit' -Owner 'finance' -Matter '12/26').Matter | Should -Be '12/26'
        @(Get-BackupLegalHold -Vault $place.Vault).Count | Should -Be 2
    }

    It 'wants a reason, and holds nothing with -WhatIf' {
        { Add-BackupLegalHold -Vault $place.Vault -DataSet 'crm' -Reason ' ' -Owner 'finance' } | Should -Throw -ErrorId 'SB1423,*'
        Add-BackupLegalHold -Vault $place.Vault -DataSet 'crm' -Reason 'audit' -Owner 'finance' -WhatIf
        Get-BackupLegalHold -Vault $place.Vault | Should -BeNullOrEmpty
    }
}
