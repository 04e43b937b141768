#Requires -Version 7.6

Describe 'Repair-BackupVault' {
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

    It 'finds nothing to repair in a sound vault' {
        (Repair-BackupVault -Vault $place.Vault -Confirm:$false).Removed | Should -BeNullOrEmpty
    }

    It 'clears away what no owner signed' {
        $planted = Join-Path -Path $place.Vault -ChildPath 'register/0000000001'
        Set-Content -LiteralPath $planted -Value 'rubbish'
        { Update-BackupVaultKey -Vault $place.Vault -WarningAction SilentlyContinue } | Should -Throw -ErrorId 'SB5400,*'
        (Repair-BackupVault -Vault $place.Vault -Reason 'planted' -Confirm:$false -WarningAction SilentlyContinue).Removed | Should -Be 'register/0000000001'
        (Update-BackupVaultKey -Vault $place.Vault).Epoch | Should -Be 2
    }
}
