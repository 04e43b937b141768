#Requires -Version 7.6

Describe 'Add-BackupVaultMember' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $keyFile = Join-Path -Path $place.Root -ChildPath 'member.key'
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'adds an owner who opens everything' {
        $null = Start-CustomerBackup -Vault $place.Vault -Path $place.Crm
        $null = Add-BackupVaultMember -Vault $place.Vault -Name 'bob' -Role Owner -Path $keyFile
        (Connect-BackupVault -Path $place.Vault -KeyFile $keyFile).Role | Should -Be 'Owner'
        (Restore-CustomerBackup -Destination (Join-Path -Path $place.Root -ChildPath 'back')).FileCount | Should -Be 3
    }

    It 'adds a maintainer who can neither back up nor read' {
        $null = Add-BackupVaultMember -Vault $place.Vault -Name 'nas' -Role Maintainer -Path $keyFile
        { Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Crm } | Should -Throw -ErrorId 'SB4300,*'
        { Get-CustomerBackupItem -Vault $place.Vault -KeyFile $keyFile } | Should -Throw -ErrorId 'SB4020,*'
    }

    It 'writes nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Root
        Add-BackupVaultMember -Vault $place.Vault -Name 'x' -Role Auditor -Path $keyFile -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }

    It 'refuses rights that make no sense' {
        { Add-BackupVaultMember -Vault $place.Vault -Name 'x' -Role Auditor } | Should -Throw -ErrorId 'SB1313,*'
        { Add-BackupVaultMember -Vault $place.Vault -Name 'x' -Role Writer -CanRead -Path $keyFile } | Should -Throw -ErrorId 'SB1313,*'
    }
}
