#Requires -Version 7.6

Describe 'Get-BackupVaultMember' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $keyFile = Join-Path -Path $place.Root -ChildPath 'member.key'
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'shows who may do what' {
        $null = Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'shop01' -DataSet 'crm'
        $members = @(Get-BackupVaultMember -Vault $place.Vault)
        $members.Count | Should -Be 2
        $writer = Get-BackupVaultMember -Vault $place.Vault -Name 'shop*'
        $writer.Roles | Should -Be 'Writer'
        $writer.CanRead | Should -BeFalse
        ($members | Where-Object IsSelf).Roles | Should -Be 'Owner'
    }

    It 'hides removed members until they are asked for' {
        $null = Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'shop01'
        $null = Remove-BackupVaultMember -Vault $place.Vault -Member 'shop01' -Reason 'gone' -Confirm:$false
        @(Get-BackupVaultMember -Vault $place.Vault).Count | Should -Be 1
        (Get-BackupVaultMember -Vault $place.Vault -Name 'shop01' -IncludeRevoked).IsRevoked | Should -BeTrue
    }
}
