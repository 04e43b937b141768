#Requires -Version 7.6

Describe 'Unregister-BackupTarget' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $env:SECUREBACKUP_CONFIG = Join-Path -Path $place.Root -ChildPath 'config'
        $null = Register-BackupTarget -Name offsite -Uri 's3://bucket/shop?region=eu-central-1' -SkipTest
    }

    AfterEach {
        Clear-TestPlace
        $env:SECUREBACKUP_CONFIG = $null
    }

    It 'forgets the target' {
        Unregister-BackupTarget -Name offsite -WhatIf
        (Get-BackupTarget).Name | Should -BeExactly 'offsite'
        Get-BackupTarget | Unregister-BackupTarget
        Get-BackupTarget | Should -BeNullOrEmpty
        { Unregister-BackupTarget -Name offsite } | Should -Throw -ErrorId 'SB1951,*'
    }
}
