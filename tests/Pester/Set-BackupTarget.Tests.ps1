#Requires -Version 7.6

Describe 'Set-BackupTarget' {
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

    It 'changes what is given and takes away what is cleared' {
        (Set-BackupTarget -Name offsite -StorageClass STANDARD_IA -SkipTest).StorageClass | Should -BeExactly 'STANDARD_IA'
        (Set-BackupTarget -Name offsite -Clear storageclass -SkipTest).StorageClass | Should -BeNullOrEmpty
        { Set-BackupTarget -Name onsite -SkipTest } | Should -Throw -ErrorId 'SB1951,*'
    }
}
