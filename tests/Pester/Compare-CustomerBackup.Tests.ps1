#Requires -Version 7.6

Describe 'Compare-CustomerBackup' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        $first = Start-CustomerBackup -Path $place.Crm
        Add-Content -LiteralPath (Join-Path -Path $place.Crm -ChildPath 'customers.csv') -Value '3;Cy'
        Remove-Item -LiteralPath (Join-Path -Path $place.Crm -ChildPath 'notes/today.txt')
        $second = Start-CustomerBackup -Path $place.Crm
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'compares from the older to the newer snapshot' {
        $found = Compare-CustomerBackup -Snapshot $second, $first
        $found.Where({ $_.Path -eq 'crm/customers.csv' }).Change | Should -Be 'Changed'
        $found.Where({ $_.Path -eq 'crm/notes/today.txt' }).Change | Should -Be 'Removed'
    }

    It 'brings deleted files back' {
        $restored = Compare-CustomerBackup | Where-Object -Property Change -EQ -Value 'Removed' | Restore-CustomerBackup -Destination (Join-Path -Path $place.Root -ChildPath 'back')
        $restored.FileCount | Should -Be 1
    }

    It 'finds on the disk what kept size and time' {
        $path = Join-Path -Path $place.Crm -ChildPath 'customers.csv'
        $file = Get-Item -LiteralPath $path
        $time = $file.LastWriteTimeUtc
        $text = Get-Content -LiteralPath $path -Raw
        Set-Content -LiteralPath $path -Value $text.Replace('Ada', 'Eve') -NoNewline
        (Get-Item -LiteralPath $path).LastWriteTimeUtc = $time
        (Compare-CustomerBackup -Disk).Path | Should -Not -Contain 'crm/customers.csv'
        (Compare-CustomerBackup -Disk -Content).Path | Should -Contain 'crm/customers.csv'
    }

    It 'counts' {
        $report = Compare-CustomerBackup -Summary
        $report.RemovedCount | Should -Be 1
        $report.ExitCode | Should -Be 2
    }

    It 'says that there is nothing to compare with' {
        { Compare-CustomerBackup -Snapshot $first -ErrorAction Stop } | Should -Throw -ErrorId 'SB1522,*'
    }
}
