#Requires -Version 7.6

Describe 'Restore-CustomerBackup' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        $backup = Start-CustomerBackup -Path $place.Crm
        $back = Join-Path -Path $place.Root -ChildPath 'back'
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'brings everything back byte for byte, with its times' {
        $report = Restore-CustomerBackup -Destination $back
        $report.FileCount | Should -Be 3
        $report.ExitCode | Should -Be 0
        foreach ($file in Get-ChildItem -LiteralPath $place.Crm -Recurse -File) {
            $copy = Get-Item -LiteralPath (Join-Path -Path $back -ChildPath ([IO.Path]::GetRelativePath($place.Root, $file.FullName)))
            (Get-FileHash -LiteralPath $copy.FullName).Hash | Should -Be (Get-FileHash -LiteralPath $file.FullName).Hash
            $copy.LastWriteTimeUtc | Should -Be $file.LastWriteTimeUtc
        }
    }

    It 'takes snapshots by pipeline, object and id' {
        (Get-CustomerBackup -Latest | Restore-CustomerBackup -Destination $back).Snapshot | Should -BeExactly $backup.Id
        (Restore-CustomerBackup -Snapshot $backup -Destination "$back-2").FileCount | Should -Be 3
        (Restore-CustomerBackup -Snapshot $backup.Id.Substring(0, 12) -Destination "$back-3").FileCount | Should -Be 3
    }

    It 'takes items by pipeline, odd names too' {
        $report = Get-CustomerBackupItem -Path 'odd*' | Restore-CustomerBackup -Destination $back
        $report.FileCount | Should -Be 1
        Test-Path -LiteralPath (Join-Path -Path $back -ChildPath 'crm/notes/odd [1].txt') | Should -BeTrue
        Test-Path -LiteralPath (Join-Path -Path $back -ChildPath 'crm/customers.csv') | Should -BeFalse
    }

    It 'takes what was there at a time' {
        Add-Content -LiteralPath (Join-Path -Path $place.Crm -ChildPath 'customers.csv') -Value '3;Cy'
        $null = Start-CustomerBackup -Path $place.Crm
        (Restore-CustomerBackup -AsOf $backup.Started -Destination $back).Snapshot | Should -BeExactly $backup.Id
        Get-Content -LiteralPath (Join-Path -Path $back -ChildPath 'crm/customers.csv') | Should -Not -Contain '3;Cy'
    }

    It 'treats what is there as -Overwrite <Policy> says' -ForEach @(
        @{ Policy = 'Never'; IsReplaced = $false }
        @{ Policy = 'IfNewer'; IsReplaced = $false }
        @{ Policy = 'IfDifferent'; IsReplaced = $true }
        @{ Policy = 'Always'; IsReplaced = $true }
    ) {
        $null = New-Item -ItemType Directory -Path (Join-Path -Path $back -ChildPath 'crm') -Force
        $file = Join-Path -Path $back -ChildPath 'crm/customers.csv'
        Set-Content -LiteralPath $file -Value 'mine'
        (Get-Item -LiteralPath $file).LastWriteTimeUtc = [datetime]::UtcNow.AddDays(1)
        { Restore-CustomerBackup -Destination $back } | Should -Throw -ErrorId 'SB8022,*'
        $null = Restore-CustomerBackup -Destination $back -Overwrite $Policy
        ((Get-Content -LiteralPath $file) -contains 'mine') | Should -Be (-not $IsReplaced)
    }

    It 'writes nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Root
        Restore-CustomerBackup -Destination $back -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }

    It 'refuses a destination inside the vault' {
        { Restore-CustomerBackup -Destination (Join-Path -Path $place.Vault -ChildPath 'inside') } | Should -Throw -ErrorId 'SB1411,*'
    }

    It 'asks for the data set where there are several' {
        $null = Start-CustomerBackup -Path $place.Mail
        { Restore-CustomerBackup -Destination $back } | Should -Throw -ErrorId 'SB1408,*'
    }

    It 'puts everything right in place and says what it did' {
        Set-Content -LiteralPath (Join-Path -Path $place.Crm -ChildPath 'customers.csv') -Value 'spoilt'
        $items = @(Restore-CustomerBackup -InPlace -PassThru)
        $items[-1].ExitCode | Should -Be 0
        ($items | Where-Object -Property Path -EQ 'crm/customers.csv').Verdict | Should -Be 'Restored'
        (Restore-CustomerBackup -InPlace).FetchedBytes | Should -Be 0
    }

    It 'deletes only with -Mirror, and only what the backup would have taken' {
        $new = Join-Path -Path $place.Crm -ChildPath 'new.txt'
        Set-Content -LiteralPath $new -Value 'since'
        $null = Restore-CustomerBackup -InPlace
        Test-Path -LiteralPath $new | Should -BeTrue
        (Restore-CustomerBackup -InPlace -Mirror -Confirm:$false).DeletedCount | Should -Be 1
        Test-Path -LiteralPath $new | Should -BeFalse
    }

    It 'deletes nothing with -Mirror where nobody can be asked, and does not ask where confirmation is off' {
        $new = Join-Path -Path $place.Crm -ChildPath 'new.txt'
        Set-Content -LiteralPath $new -Value 'since'
        $script = "Import-Module -Name '$(Get-PackagedModule)'; Restore-CustomerBackup -Vault '$($place.Vault)' -InPlace -Mirror"
        $null = & (Get-Process -Id $PID).Path -NoProfile -NonInteractive -Command $script 2>&1
        $LASTEXITCODE | Should -Not -Be 0
        Test-Path -LiteralPath $new | Should -BeTrue
        $ConfirmPreference = 'None'
        (Restore-CustomerBackup -InPlace -Mirror).DeletedCount | Should -Be 1
        Test-Path -LiteralPath $new | Should -BeFalse
    }

    It 'says with -WhatIf what a restore takes, and makes nothing' {
        $preflight = Restore-CustomerBackup -Destination $back -WhatIf
        $preflight.FileCount | Should -Be 3
        $preflight.Fits | Should -BeTrue
        Test-Path -LiteralPath $back | Should -BeFalse
    }

    It 'emits records as the objects that they were' {
        $null = [pscustomobject]@{ Id = 1; Born = [datetime]'2000-01-02'; Balance = 1.50d }, [pscustomobject]@{ Id = 2 } |
            Start-CustomerBackup -DataSet members -SubjectProperty Id -Vault $place.Vault
        $back = Restore-CustomerBackup -DataSet members -Subject 1 -Vault $place.Vault
        $back.Born | Should -Be ([datetime]'2000-01-02')
        $back.Balance | Should -BeOfType ([decimal])
        @(Restore-CustomerBackup -DataSet members -Vault $place.Vault) | Should -HaveCount 2
    }
}
