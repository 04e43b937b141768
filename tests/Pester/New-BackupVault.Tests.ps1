#Requires -Version 7.6

Describe 'New-BackupVault' {
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

    It 'makes a vault that the following cmdlets can use' {
        $vault = New-BackupVault -Path $place.Vault
        $vault.Path | Should -BeExactly $place.Vault
        $vault.Role | Should -Be 'Owner'
        ($vault | Get-BackupVault).Id | Should -BeExactly $vault.Id
        ($vault | Connect-BackupVault).IsConnected | Should -BeTrue
    }

    It 'makes a key file that opens the vault without a passphrase' {
        $env:SECUREBACKUP_PASSPHRASE = $null
        $keyFile = Join-Path -Path $place.Root -ChildPath 'owner.key'
        $null = New-BackupVault -Path $place.Vault -KeyFile $keyFile
        (Connect-BackupVault -Path $place.Vault -KeyFile $keyFile).Role | Should -Be 'Owner'
    }

    It 'takes a secure string' {
        $secret = ConvertTo-SecureString -String 'another secret of words' -AsPlainText -Force
        $null = New-BackupVault -Path $place.Vault -Passphrase $secret
        { Connect-BackupVault -Path $place.Vault } | Should -Throw -ErrorId 'SB4010,*'
        (Connect-BackupVault -Path $place.Vault -Passphrase $secret).Role | Should -Be 'Owner'
    }

    It 'writes nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Root
        New-BackupVault -Path $place.Vault -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }

    It 'refuses a folder that holds something' {
        { New-BackupVault -Path $place.Crm } | Should -Throw -ErrorId 'SB1311,SecureBackup.PowerShell.Commands.NewBackupVaultCommand'
    }

    It 'refuses a vault that exists' {
        $null = New-BackupVault -Path $place.Vault
        { New-BackupVault -Path $place.Vault } | Should -Throw -ErrorId 'SB1310,*'
    }
}
