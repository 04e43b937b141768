#Requires -Version 7.6

Describe 'Get-CustomerData' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        foreach ($note in 'one', 'one', 'two') {
            $null = 1..3 | ForEach-Object -Process { [pscustomobject]@{ Id = $_; Note = $note } } |
                Start-CustomerBackup -DataSet members -SubjectProperty Id
        }
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'finds each version once, with the snapshots that hold it' {
        $found = Get-CustomerData -Subject 2
        $found.Record.Note | Should -Be @('one', 'two')
        $found.SnapshotCount | Should -Be @(2, 1)
        $found[0].DataSet | Should -Be 'members'
    }

    It 'finds each record of each snapshot with -All' {
        Get-CustomerData -Subject 2 -All | Should -HaveCount 3
    }

    It 'says that nothing is held of a customer, and goes on' {
        $found = Get-CustomerData -Subject 'nobody', '1' -ErrorAction SilentlyContinue -ErrorVariable problems
        $found | Should -HaveCount 2
        $problems[0].FullyQualifiedErrorId | Should -BeLike 'SB1125,*'
    }
}
