#Requires -Version 7.6

Describe 'Remove-BackupVaultChange' {
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

    It 'withdraws a change' {
        Get-BackupVaultChange -Vault $place.Vault | Remove-BackupVaultChange
        Get-BackupVaultChange -Vault $place.Vault | Should -BeNullOrEmpty
    }

    It 'says when there is none' {
        { Remove-BackupVaultChange -Vault $place.Vault -Id 'ffffffff' } | Should -Throw -ErrorId 'SB1906,*'
    }
}
