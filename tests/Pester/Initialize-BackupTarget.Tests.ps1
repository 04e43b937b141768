#Requires -Version 7.6

Describe 'Initialize-BackupTarget' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $env:SECUREBACKUP_CONFIG = Join-Path -Path $place.Root -ChildPath 'config'
        $env:SECUREBACKUP_TARGET_USER = 'id'
        $env:SECUREBACKUP_TARGET_PASSWORD = 'secret'
    }

    AfterEach {
        Clear-TestPlace
        $env:SECUREBACKUP_CONFIG = $null
        $env:SECUREBACKUP_TARGET_USER = $null
        $env:SECUREBACKUP_TARGET_PASSWORD = $null
    }

    It 'changes nothing where it may not write, or nobody answers' {
        $listener = [System.Net.Sockets.TcpListener]::new([ipaddress]::Loopback, 0)
        $listener.Start()
        $port = $listener.LocalEndpoint.Port
        $listener.Stop()
        $null = Register-BackupTarget -Name offsite -Uri s3://bucket/shop -Endpoint "http://127.0.0.1:$port" -SkipTest
        { Initialize-BackupTarget -Name offsite -ErrorAction Stop } | Should -Throw -ErrorId 'SB2006,*'
        $null = Set-BackupTarget -Name offsite -ReadOnly -SkipTest
        { Initialize-BackupTarget -Name offsite -ErrorAction Stop } | Should -Throw -ErrorId 'SB2022,*'
    }
}
