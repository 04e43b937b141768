#Requires -Version 7.6

Describe 'Disconnect-BackupVault' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'closes the only connected vault' {
        Disconnect-BackupVault
        Get-BackupVault | Should -BeNullOrEmpty
        { Get-CustomerBackup } | Should -Throw -ErrorId 'SB1401,*'
    }

    It 'closes all by pipeline' {
        $null = New-BackupVault -Path "$($place.Vault)2" | Connect-BackupVault
        { Disconnect-BackupVault } | Should -Throw -ErrorId 'SB1402,*'
        Get-BackupVault | Disconnect-BackupVault
        Get-BackupVault | Should -BeNullOrEmpty
    }

    It 'says that a vault is not connected' {
        { Disconnect-BackupVault -Vault $place.Crm } | Should -Throw -ErrorId 'SB1401,*'
    }
}
