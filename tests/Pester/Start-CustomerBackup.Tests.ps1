#Requires -Version 7.6

Describe 'Start-CustomerBackup' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'emits the snapshot with what the run did' {
        $backup = Start-CustomerBackup -Path $place.Crm -Tag 'weekly', 'paid'
        $backup.DataSet | Should -Be 'crm'
        $backup.FileCount | Should -Be 3
        $backup.Tags | Should -Be @('paid', 'weekly')
        $backup.Outcome | Should -Be 'Succeeded'
        $backup.ExitCode | Should -Be 0
        $backup.Run.FilesNew | Should -Be 3
        $backup.Faults | Should -HaveCount 0
    }

    It 'stores nothing twice' {
        $first = Start-CustomerBackup -Path $place.Crm
        $second = Start-CustomerBackup -Path $place.Crm -Force
        $second.Run.ChunksKnown | Should -BeGreaterThan 0
        $second.Run.BytesStored | Should -BeLessThan $first.Run.BytesStored
    }

    It 'takes paths by pipeline, literally and from Get-ChildItem' {
        ($place.Crm, $place.Mail | Start-CustomerBackup -DataSet both).FileCount | Should -Be 4
        (Start-CustomerBackup -LiteralPath (Join-Path -Path $place.Crm -ChildPath 'notes/odd [1].txt') -DataSet odd).FileCount | Should -Be 1
        (Get-ChildItem -LiteralPath $place.Crm | Start-CustomerBackup -DataSet children).FileCount | Should -Be 3
    }

    It 'leaves out what the rules say' {
        (Start-CustomerBackup -Path $place.Crm -Exclude 'notes/').FileCount | Should -Be 1
        (Start-CustomerBackup -Path $place.Crm -Include '*.txt').FileCount | Should -Be 2
        (Start-CustomerBackup -Path $place.Mail, $place.Crm -DataSet small -MaxSize 1KB).FileCount | Should -Be 3
    }

    It 'writes one error for each fault and emits the snapshot all the same' {
        Set-Content -LiteralPath (Join-Path -Path $place.Crm -ChildPath '.backupignore') -Value '[never closed'
        $backup = Start-CustomerBackup -Path $place.Crm -ErrorAction SilentlyContinue -ErrorVariable faults
        $backup.Outcome | Should -Be 'SucceededDegraded'
        $backup.ExitCode | Should -Be 2
        $faults | Should -HaveCount 1
        $faults[0].FullyQualifiedErrorId | Should -BeExactly 'SB6007,SecureBackup.PowerShell.Commands.StartCustomerBackupCommand'
    }

    It 'writes nothing with -WhatIf, no cache either' {
        $before = Get-TreePicture -Path $place.Root
        Start-CustomerBackup -Path $place.Crm -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }

    It 'stores nothing with -DryRun and says what it would' {
        $before = Get-TreePicture -Path $place.Root
        $dry = Start-CustomerBackup -Path $place.Crm -DryRun
        $dry.IsDryRun | Should -BeTrue
        $dry.Run.WouldSend.Packs | Should -BeGreaterThan 0
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
        Get-CustomerBackup | Should -BeNullOrEmpty
    }

    It 'says <Code> for <Case>' -ForEach @(
        @{ Case = 'a path that does not exist'; Code = 'SB1100'; Name = 'none' }
        @{ Case = 'a pattern that matches nothing'; Code = 'SB1404'; Name = 'none*' }
        @{ Case = 'the vault itself'; Code = 'SB1102'; Name = 'vault' }
        @{ Case = 'an empty folder'; Code = 'SB1501'; Name = 'empty' }
    ) {
        $null = New-Item -ItemType Directory -Path (Join-Path -Path $place.Root -ChildPath 'empty')
        { Start-CustomerBackup -Path (Join-Path -Path $place.Root -ChildPath $Name) } | Should -Throw -ErrorId "$Code,*"
        Get-CustomerBackup | Should -BeNullOrEmpty
    }

    It 'can be stopped by a reader that wants no more, and goes on later' {
        $first = Start-CustomerBackup -Path $place.Crm | Select-Object -First 1
        $first.Outcome | Should -Be 'Succeeded'
        (Start-CustomerBackup -Path $place.Crm).Outcome | Should -Be 'Succeeded'
    }

    It 'backs objects up as records, each customer under a key of its own' {
        $members = 1..3 | ForEach-Object -Process { [pscustomobject]@{ Id = $_; Born = [datetime]'2000-01-02'; Tags = @('a', 'b') } }
        $backup = $members | Start-CustomerBackup -DataSet members -SubjectProperty Id -Vault $place.Vault
        $backup.RecordCount | Should -Be 3
        $backup.SubjectCount | Should -Be 3
    }
}
