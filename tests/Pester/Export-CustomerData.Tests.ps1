#Requires -Version 7.6

Describe 'Export-CustomerData' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        $null = [pscustomobject]@{ Id = 1; Note = '=1+1' }, [pscustomobject]@{ Id = 2; Note = 'of another' } |
            Start-CustomerBackup -DataSet members -SubjectProperty Id
        $path = Join-Path -Path $place.Root -ChildPath 'package'
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'writes the records of one customer, and of nobody else' {
        $package = Export-CustomerData -Subject 1 -Path $path
        $package.RecordCount | Should -Be 1
        $records = @(Get-Content -LiteralPath (Join-Path -Path $path -ChildPath 'data/members.json') -Raw | ConvertFrom-Json)
        $records | Should -HaveCount 1
        $records[0].Note | Should -BeExactly '=1+1'
        (Import-Csv -LiteralPath (Join-Path -Path $path -ChildPath 'data/members.csv')).Note | Should -BeExactly "'=1+1"
    }

    It 'says where each record came from, and when the package expires' {
        $package = Export-CustomerData -Subject 1 -Path $path -ExpiresAfterDays 7
        $manifest = Get-Content -LiteralPath (Join-Path -Path $path -ChildPath 'manifest.json') -Raw | ConvertFrom-Json
        $manifest.subject | Should -Be '1'
        $manifest.records[0].firstSnapshot | Should -Be (Get-CustomerBackup).Id
        ($package.Expires - $package.Created).TotalDays | Should -Be 7
    }

    It 'writes nothing with -WhatIf, over nothing that exists, and nothing of a customer who is not there' {
        Export-CustomerData -Subject 1 -Path $path -WhatIf
        Test-Path -LiteralPath $path | Should -BeFalse
        { Export-CustomerData -Subject 'nobody' -Path $path } | Should -Throw -ErrorId 'SB1125,*'
        $null = New-Item -ItemType Directory -Path $path
        { Export-CustomerData -Subject 1 -Path $path } | Should -Throw -ErrorId 'SB1126,*'
    }
}
