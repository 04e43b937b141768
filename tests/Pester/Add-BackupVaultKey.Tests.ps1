#Requires -Version 7.6

Describe 'Add-BackupVaultKey' {
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

    It 'changes a passphrase in one step' {
        $new = ConvertTo-SecureString -String 'entirely other words' -AsPlainText -Force
        (Add-BackupVaultKey -Vault $place.Vault -NewPassphrase $new -Replace 'passphrase').Kind | Should -Be 'passphrase'
        { Connect-BackupVault -Path $place.Vault } | Should -Throw -ErrorId 'SB4010,*'
        (Connect-BackupVault -Path $place.Vault -Passphrase $new).Role | Should -Be 'Owner'
    }

    It 'adds a key file and never over a file' {
        $null = Add-BackupVaultKey -Vault $place.Vault -NewKeyFile $keyFile
        (Connect-BackupVault -Path $place.Vault -KeyFile $keyFile).Role | Should -Be 'Owner'
        { Add-BackupVaultKey -NewKeyFile $keyFile } | Should -Throw -ErrorId 'SB1314,*'
    }

    It 'changes nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Root
        Add-BackupVaultKey -Vault $place.Vault -NewKeyFile $keyFile -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }
}
