#Requires -Version 7.6

Describe 'Restore-BackupVaultKey' {
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

    It 'brings a vault back from its sheets' {
        $set = Export-BackupRecoveryShare -Vault $place.Vault -Path $sheets -Threshold 2 -Count 3
        $env:SECUREBACKUP_PASSPHRASE = $null
        { Restore-BackupVaultKey -Vault $place.Vault -Path $set.Files[0] -NewKeyFile $keyFile } | Should -Throw -ErrorId 'SB1806,*'
        (Restore-BackupVaultKey -Vault $place.Vault -Path $set.Files[0, 2] -NewKeyFile $keyFile).Kind | Should -Be 'key file'
        (Connect-BackupVault -Path $place.Vault -KeyFile $keyFile).Role | Should -Be 'Owner'
    }

    It 'changes nothing with -WhatIf' {
        $set = Export-BackupRecoveryShare -Vault $place.Vault -Path $sheets -Threshold 2 -Count 3
        $before = Get-TreePicture -Path $place.Root
        Restore-BackupVaultKey -Vault $place.Vault -Path $set.Files -NewKeyFile $keyFile -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }
}
