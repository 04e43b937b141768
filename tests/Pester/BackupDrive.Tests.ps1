#Requires -Version 7.6

Describe 'Backup drives' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $snapshot = Start-CustomerBackup -Path $place.Crm -Vault $place.Vault
        $null = Connect-BackupVault -Path $place.Vault -Drive backup
        Push-Location -LiteralPath $place.Root
    }

    AfterEach {
        Pop-Location
        Clear-TestPlace
    }

    It 'are looked at like folders' {
        (Get-ChildItem -Path backup:/).Name | Should -Be 'crm'
        (Get-ChildItem -Path backup:/crm).Snapshot | Should -Be $snapshot.Id
        (Get-ChildItem -Path backup:/crm/latest/crm).Name | Should -Be @('customers.csv', 'notes')
        (Get-ChildItem -Path backup:/crm/latest -Recurse -Filter '*.txt').Name | Should -Be @('odd [1].txt', 'today.txt')
        (Get-ChildItem -Path backup:/crm/*/crm/n*).Name | Should -Be 'notes'
        Test-Path -LiteralPath 'backup:/crm/latest/crm/notes/odd [1].txt' | Should -BeTrue
        Test-Path -Path backup:/crm/latest/none | Should -BeFalse
    }

    It 'read what is in files' {
        Get-Content -Path backup:/crm/latest/crm/customers.csv | Should -Be @('id;name', '1;Ada', '2;Bo')
        Get-Content -Path backup:/crm/latest/crm/customers.csv -TotalCount 1 | Should -Be 'id;name'
        $bytes = Get-Content -Path backup:/crm/latest/crm/customers.csv -AsByteStream -Raw
        $bytes | Should -Be ([System.IO.File]::ReadAllBytes((Join-Path -Path $place.Crm -ChildPath 'customers.csv')))
    }

    It 'are copied out of' {
        Copy-Item -Path backup:/crm/latest/crm/notes -Destination BackupVault::./out -Recurse
        Get-Content -LiteralPath ./out/today.txt | Should -Be 'Call Ada back.'
        { Copy-Item -Path backup:/crm/latest/crm/customers.csv -Destination BackupVault::./out/today.txt -ErrorAction Stop } | Should -Throw
        Get-Content -LiteralPath ./out/today.txt | Should -Be 'Call Ada back.'
        (Get-Item -Path backup:/crm/latest/crm/notes | Restore-CustomerBackup -Destination ./restored).FileCount | Should -Be 2
    }

    It 'cannot be changed' {
        { Remove-Item -Path backup:/crm -Recurse -Force -ErrorAction Stop } | Should -Throw -ErrorId 'SB1526,*'
        { Set-Content -Path backup:/crm/latest/crm/customers.csv -Value 'x' -ErrorAction Stop } | Should -Throw -ErrorId 'SB1526,*'
        { New-Item -Path backup:/crm/latest/crm/new.txt -ErrorAction Stop } | Should -Throw -ErrorId 'SB1526,*'
    }

    It 'complete' {
        $line = 'Get-Item backup:/crm/latest/crm/cu'
        (TabExpansion2 -inputScript $line -cursorColumn $line.Length).CompletionMatches.CompletionText | Should -BeLike '*customers.csv'
    }

    It 'are made by New-PSDrive and go with their connection' {
        Disconnect-BackupVault
        Get-PSDrive -PSProvider BackupVault | Should -BeNullOrEmpty
        $null = New-PSDrive -Name own -PSProvider BackupVault -Root $place.Vault
        (Get-ChildItem -Path own:/).Name | Should -Be 'crm'
        Remove-PSDrive -Name own
    }
}
