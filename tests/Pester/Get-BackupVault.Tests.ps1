#Requires -Version 7.6

Describe 'Get-BackupVault' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'shows a vault without any key' {
        $made = New-BackupVault -Path $place.Vault
        $env:SECUREBACKUP_PASSPHRASE = $null
        $vault = Get-BackupVault -Path $place.Vault
        $vault.Id | Should -BeExactly $made.Id
        $vault.IsConnected | Should -BeFalse
        $vault.Role | Should -BeNullOrEmpty
    }

    It 'lists what is connected' {
        Get-BackupVault | Should -BeNullOrEmpty
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        (Get-BackupVault).Path | Should -BeExactly $place.Vault
    }

    It 'says that a folder is no vault' {
        { Get-BackupVault -Path $place.Crm } | Should -Throw -ErrorId 'SB5001,*'
    }
}
