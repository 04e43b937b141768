#Requires -Version 7.6

Describe 'Optimize-BackupVault' {
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

    It 'finds nothing to do where everything is needed' {
        $result = Optimize-BackupVault
        $result.PacksCondemned | Should -Be 0
        $result.PacksDeleted | Should -Be 0
        $result.BytesAfter | Should -Be $result.BytesBefore
        $result.BytesBefore | Should -BeGreaterThan 0
        $result.ExitCode | Should -Be 0
        (Test-CustomerBackup).IsHealthy | Should -BeTrue
    }

    It 'takes a vault by pipeline' {
        Get-BackupVault | Optimize-BackupVault | Should -HaveCount 1
    }

    It 'writes nothing with -WhatIf and says what it would do' {
        $before = Get-TreePicture -Path $place.Root
        $result = Optimize-BackupVault -WhatIf
        $result.IsTrial | Should -BeTrue
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
    }

    It 'says what it did about customers, parts of the index and small objects' {
        $null = [pscustomobject]@{ Id = 1 } | Start-CustomerBackup -DataSet members -SubjectProperty Id
        $result = Optimize-BackupVault
        $result.CustomerKeysFolded | Should -Be 1
        $result.CustomersErased | Should -Be 0
        $result.CertificatePaths | Should -BeNullOrEmpty
        $result.PacksChosen | Should -Be 0
        $result.PacksCompacted | Should -Be 0
        $result.BytesRewritten | Should -Be 0
        $result.HasMoreToDo | Should -BeFalse
        $result.PSObject.Properties.Name | Should -Contain 'SegmentsMerged'
        $result.PSObject.Properties.Name | Should -Contain 'ObjectsTidied'
        $result.PSObject.Properties.Name | Should -Contain 'KeyringObjectsDeleted'
        $result.PSObject.Properties.Name | Should -Contain 'NextDue'
    }

    It 'refuses a key that may not delete' {
        $key = Join-Path -Path $place.Root -ChildPath 'writer.key'
        $null = Export-BackupWriterKey -Name 'shop-1' -Path $key
        { Optimize-BackupVault -Vault $place.Vault -KeyFile $key } | Should -Throw -ErrorId 'SB1701*'
    }
}
