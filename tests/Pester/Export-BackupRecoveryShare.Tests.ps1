#Requires -Version 7.6

Describe 'Export-BackupRecoveryShare' {
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

    It 'writes private sheets and shows no word of them' {
        $set = Export-BackupRecoveryShare -Vault $place.Vault -Path $sheets -Threshold 2 -Count 3
        $set.Files | Should -HaveCount 3
        Get-Content -LiteralPath $set.Files[0] -Raw | Should -Match 'BEGIN RECOVERY SHARE'
        $set | ConvertTo-Json | Should -Not -Match 'BEGIN RECOVERY SHARE'
        (Get-BackupVaultKey -Vault $place.Vault | Where-Object -Property Kind -EQ 'shares').Set | Should -Be $set.Set
    }

    It 'refuses what is no sharing' {
        { Export-BackupRecoveryShare -Vault $place.Vault -Path $sheets -Threshold 4 -Count 3 } | Should -Throw -ErrorId 'SB1809,*'
        Test-Path -LiteralPath $sheets | Should -BeFalse
    }

    It 'writes nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Root
        Export-BackupRecoveryShare -Vault $place.Vault -Path $sheets -Threshold 2 -Count 3 -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }
}
