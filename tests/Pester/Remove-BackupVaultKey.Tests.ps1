#Requires -Version 7.6

Describe 'Remove-BackupVaultKey' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $keyFile = Join-Path -Path $place.Root -ChildPath 'owner.key'
        $sheets = Join-Path -Path $place.Root -ChildPath 'sheets'
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'takes a key away and leaves the others' {
        $null = Add-BackupVaultKey -Vault $place.Vault -NewKeyFile $keyFile
        Remove-BackupVaultKey -Vault $place.Vault -Key 'owner.key' -Confirm:$false
        { Connect-BackupVault -Path $place.Vault -KeyFile $keyFile } | Should -Throw -ErrorId 'SB4011,*'
        (Connect-BackupVault -Path $place.Vault).Role | Should -Be 'Owner'
    }

    It 'takes what Get-BackupVaultKey emits, and never the last one' {
        { Get-BackupVaultKey -Vault $place.Vault | Remove-BackupVaultKey -Confirm:$false } | Should -Throw -ErrorId 'SB1822,*'
        (Connect-BackupVault -Path $place.Vault).Role | Should -Be 'Owner'
    }

    It 'changes nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Root
        Remove-BackupVaultKey -Vault $place.Vault -Key 'passphrase' -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }
}
