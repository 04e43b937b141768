#Requires -Version 7.6

Describe 'Get-BackupVaultKey' {
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

    It 'shows what opens the vault and no secret' {
        $null = Add-BackupVaultKey -Vault $place.Vault -NewKeyFile $keyFile -Label 'in the safe'
        $keys = Get-BackupVaultKey -Vault $place.Vault
        $keys | Should -HaveCount 2
        ($keys | Where-Object -Property IsInUse).Kind | Should -Be 'passphrase'
        ($keys | Where-Object -Property Kind -EQ 'key file').Label | Should -Be 'in the safe'
        $keys | ConvertTo-Json | Should -Not -Match 'herons'
    }
}
