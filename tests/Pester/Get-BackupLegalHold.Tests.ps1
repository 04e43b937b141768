#Requires -Version 7.6

Describe 'Get-BackupLegalHold' {
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

    It 'lists what stands, by the beginning of an id too' {
        Get-BackupLegalHold -Vault $place.Vault | Should -BeNullOrEmpty
        $hold = Add-BackupLegalHold -Vault $place.Vault -DataSet 'crm' -Reason 'audit' -Owner 'finance'
        (Get-BackupLegalHold -Vault $place.Vault -Id $hold.Id.Substring(0, 8)).Reason | Should -Be 'audit'
        { Get-BackupLegalHold -Vault $place.Vault -Id 'ffffffff' } | Should -Throw -ErrorId 'SB1424,*'
    }
}
