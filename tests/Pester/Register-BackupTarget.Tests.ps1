#Requires -Version 7.6

Describe 'Register-BackupTarget' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $env:SECUREBACKUP_CONFIG = Join-Path -Path $place.Root -ChildPath 'config'
    }

    AfterEach {
        Clear-TestPlace
        $env:SECUREBACKUP_CONFIG = $null
    }

    It 'keeps a target and nothing secret of it' {
        $credential = [pscredential]::new('id', (ConvertTo-SecureString -String 'hunter2hunter2' -AsPlainText -Force))
        $target = Register-BackupTarget -Name offsite -Uri 's3://bucket/shop?region=eu-central-1' -Credential $credential -SkipTest
        $target.Credential | Should -BeExactly 'Stored'
        Get-Content -Raw -LiteralPath (Join-Path -Path $env:SECUREBACKUP_CONFIG -ChildPath 'targets/offsite.json') | Should -Not -Match 'hunter2'
    }

    It 'refuses a name twice, and an address with a secret' {
        $null = Register-BackupTarget -Name offsite -Uri 's3://bucket/shop?region=eu-central-1' -SkipTest
        { Register-BackupTarget -Name offsite -Uri 's3://bucket/shop?region=eu-central-1' -SkipTest } | Should -Throw -ErrorId 'SB1952,*'
        { Register-BackupTarget -Name other -Uri 's3://id:hunter2hunter2@bucket/shop' -SkipTest } | Should -Throw -ErrorId 'SB1960,*'
    }

    It 'writes nothing with -WhatIf' {
        Register-BackupTarget -Name offsite -Uri 's3://bucket/shop?region=eu-central-1' -WhatIf
        $env:SECUREBACKUP_CONFIG | Should -Not -Exist
    }
}
