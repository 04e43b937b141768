#Requires -Version 7.6

Describe 'Get-BackupTarget' {
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

    It 'shows what is registered, by wildcards too' {
        (Get-BackupTarget).Name | Should -BeExactly 'offsite'
        (Get-BackupTarget -Name 'off*').Region | Should -BeExactly 'eu-central-1'
        { Get-BackupTarget -Name 'onsite' -ErrorAction Stop } | Should -Throw -ErrorId 'SB1951,*'
    }
}
