#Requires -Version 7.6

Describe 'Get-CustomerBackupItem' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        $first = Start-CustomerBackup -Path $place.Crm
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'browses like folders' {
        (Get-CustomerBackupItem).Path | Should -Be 'crm'
        (Get-CustomerBackupItem -Path 'crm').Path | Should -Be @('crm/customers.csv', 'crm/notes')
        Get-CustomerBackupItem -Recurse | Should -HaveCount 5
    }

    It 'finds names anywhere' {
        (Get-CustomerBackupItem -Path 'TODAY*').Path | Should -Be 'crm/notes/today.txt'
    }

    It 'shows all versions of a file' {
        Add-Content -LiteralPath (Join-Path -Path $place.Crm -ChildPath 'customers.csv') -Value '3;Cy'
        $second = Start-CustomerBackup -Path $place.Crm
        $versions = Get-CustomerBackupItem -Path 'crm/customers.csv' -All
        $versions.Snapshot | Should -Be @($second.Id, $first.Id)
        $versions[0].SizeBytes | Should -BeGreaterThan $versions[1].SizeBytes
    }

    It 'says that a path exists in no snapshot, and goes on' {
        $found = Get-CustomerBackupItem -Path 'crm/none', 'crm/customers.csv' -ErrorAction SilentlyContinue -ErrorVariable problems
        $found | Should -HaveCount 1
        $problems[0].FullyQualifiedErrorId | Should -BeLike 'SB1410,*'
    }
}
