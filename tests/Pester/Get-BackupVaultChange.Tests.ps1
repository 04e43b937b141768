#Requires -Version 7.6

Describe 'Get-BackupVaultChange' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $keyFile = Join-Path -Path $place.Root -ChildPath 'bob.key'
        $null = Add-BackupVaultMember -Vault $place.Vault -Name 'bob' -Role Owner -Path $keyFile
        $null = Set-BackupVault -Vault $place.Vault -OwnersNeeded 2 -Confirm:$false
        $rotation = Update-BackupVaultKey -Vault $place.Vault -Reason 'two eyes' -WarningAction SilentlyContinue
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'shows what waits, in words' {
        $change = Get-BackupVaultChange -Vault $place.Vault
        $change.Id | Should -Be $rotation.PendingChange
        $change.OwnersNeeded | Should -Be 2
        $change.Changes | Should -Contain 'Key epoch 2 begins.'
        $change.Changes | Should -Contain 'Note: two eyes'
    }
}
