#Requires -Version 7.6

Describe 'Test-CustomerBackup' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        $null = Start-CustomerBackup -Path $place.Crm
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'finds a good snapshot healthy and records it' {
        $report = Test-CustomerBackup -ReadData
        $report.IsHealthy | Should -BeTrue
        $report.ExitCode | Should -Be 0
        $report.PacksRead | Should -Be $report.PacksTotal
        (Get-CustomerBackup).LastVerified | Should -Not -BeNullOrEmpty
    }

    It 'takes snapshots by pipeline' {
        $null = Start-CustomerBackup -Path $place.Mail
        Get-CustomerBackup | Test-CustomerBackup -Percent 50 | Should -HaveCount 2
    }

    It 'names damage and gives the exit code 4' {
        $pack = Get-ChildItem -LiteralPath (Join-Path -Path $place.Vault -ChildPath 'packs') -Recurse -File |
            Sort-Object -Property Length -Descending | Select-Object -First 1
        $bytes = [IO.File]::ReadAllBytes($pack.FullName)
        $bytes[$bytes.Length / 4] = $bytes[$bytes.Length / 4] -bxor 1
        [IO.File]::WriteAllBytes($pack.FullName, $bytes)
        $report = Test-CustomerBackup -ReadData -ErrorAction SilentlyContinue -ErrorVariable faults
        $report.IsHealthy | Should -BeFalse
        $report.ExitCode | Should -Be 4
        $faults | Should -HaveCount $report.FaultCount
    }

    It 'writes nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Root
        Test-CustomerBackup -ReadData -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }
}
