#Requires -Version 7.6

Describe 'Update-BackupVaultKey' {
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

    It 'begins an epoch and leaves everything readable' {
        $null = Start-CustomerBackup -Vault $place.Vault -Path $place.Crm
        2..4 | ForEach-Object -Process { (Update-BackupVaultKey -Vault $place.Vault -Reason 'rotation').Epoch | Should -Be $_ }
        $null = Start-CustomerBackup -Vault $place.Vault -Path $place.Crm
        (Restore-CustomerBackup -Vault $place.Vault -Destination (Join-Path -Path $place.Root -ChildPath 'back')).FileCount | Should -Be 3
    }

    It 'does nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Vault
        Update-BackupVaultKey -Vault $place.Vault -WhatIf
        Get-TreePicture -Path $place.Vault | Should -BeExactly $before
    }
}
