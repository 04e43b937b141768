#Requires -Version 7.6

Describe 'Remove-BackupLegalHold' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $snapshot = Start-CustomerBackup -Vault $place.Vault -Path $place.Crm
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'releases a hold once' {
        $hold = Add-BackupLegalHold -Vault $place.Vault -DataSet 'crm' -Reason 'audit' -Owner 'finance'
        $hold | Remove-BackupLegalHold -Reason 'audit closed' -Confirm:$false | Should -BeNullOrEmpty
        Get-BackupLegalHold -Vault $place.Vault | Should -BeNullOrEmpty
        { Remove-BackupLegalHold -Vault $place.Vault -Id $hold.Id -Reason 'again' -Confirm:$false } | Should -Throw -ErrorId 'SB1424,*'
    }
}
