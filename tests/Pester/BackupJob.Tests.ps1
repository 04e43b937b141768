#Requires -Version 7.6

Describe 'Jobs of long cmdlets' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
    }

    AfterEach {
        Get-Job | Where-Object -Property PSJobTypeName -EQ -Value 'BackupJob' | Remove-Job -Force
        Clear-TestPlace
    }

    It 'give what the cmdlet would have given' {
        $job = Start-CustomerBackup -Path $place.Crm -AsJob
        $job | Should -BeOfType ([System.Management.Automation.Job])
        $snapshot = $job | Wait-Job | Receive-Job
        $job.State | Should -Be 'Completed'
        $snapshot.DataSet | Should -Be 'crm'
        $snapshot.ExitCode | Should -Be 0
    }

    It 'fail with the error of the cmdlet' {
        $job = Restore-CustomerBackup -Snapshot 'ffffffff' -Destination (Join-Path -Path $place.Root -ChildPath 'back') -AsJob | Wait-Job
        $job.State | Should -Be 'Failed'
        Receive-Job -Job $job -ErrorAction SilentlyContinue -ErrorVariable problems
        $problems[0].FullyQualifiedErrorId | Should -BeLike 'SB5010*'
    }

    It 'have ended when a stop returns' {
        Set-Content -LiteralPath (Join-Path -Path $place.Mail -ChildPath 'noise.bin') -Value (Get-Random -Count 200000 -InputObject (0..255)).ForEach({ [byte] $_ }) -AsByteStream
        $job = Start-CustomerBackup -Path $place.Mail -AsJob -MaxBytesPerSecond 1KB
        Stop-Job -Job $job
        $job.State | Should -Be 'Stopped'
        Get-CustomerBackup | Should -BeNullOrEmpty
    }

    It 'outlast the disconnection of their vault' {
        $job = Start-CustomerBackup -Path $place.Crm -AsJob -Priority Low
        Disconnect-BackupVault -Vault $place.Vault
        ($job | Wait-Job | Receive-Job).Outcome | Should -Be 'Succeeded'
    }

    It 'ask before they begin' {
        $env:SECUREBACKUP_PASSPHRASE = $null
        Disconnect-BackupVault -Vault $place.Vault
        Start-CustomerBackup -Path $place.Crm -Vault $place.Vault -AsJob -WhatIf | Should -BeNullOrEmpty
        Get-Job | Where-Object -Property PSJobTypeName -EQ -Value 'BackupJob' | Should -BeNullOrEmpty
    }
}
