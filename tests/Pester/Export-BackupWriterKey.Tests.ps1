#Requires -Version 7.6

Describe 'Export-BackupWriterKey' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $keyFile = Join-Path -Path $place.Root -ChildPath 'shop01.key'
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'makes a key that backs up and reads nothing' {
        $writer = Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'shop01'
        $writer.Name | Should -Be 'shop01'
        $env:SECUREBACKUP_KEYFILE = $keyFile
        (Connect-BackupVault -Path $place.Vault).Role | Should -Be 'Writer'
        (Start-CustomerBackup -Path $place.Crm).Outcome | Should -Be 'Succeeded'
        { Restore-CustomerBackup -Destination (Join-Path -Path $place.Root -ChildPath 'back') } | Should -Throw -ErrorId 'SB4020,*'
        { Get-CustomerBackupItem } | Should -Throw -ErrorId 'SB4020,*'
    }

    It 'limits a writer to its data sets' {
        $null = Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'crm' -DataSet 'crm'
        $null = Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Crm
        { Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Mail } | Should -Throw -ErrorId 'SB4101,*'
    }

    It 'writes nothing with -WhatIf and never over a file' {
        $before = Get-TreePicture -Path $place.Root
        Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'w' -WhatIf
        Get-TreePicture -Path $place.Root | Should -BeExactly $before
        Set-Content -LiteralPath $keyFile -Value 'mine'
        { Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'w' } | Should -Throw -ErrorId 'SB1314,*'
        Get-Content -LiteralPath $keyFile | Should -Be 'mine'
    }
}
