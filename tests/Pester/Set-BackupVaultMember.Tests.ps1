#Requires -Version 7.6

Describe 'Set-BackupVaultMember' {
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

    It 'changes data sets and roles' {
        $null = Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'shop01' -DataSet 'crm'
        { Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Mail } | Should -Throw -ErrorId 'SB4101,*'
        $null = Set-BackupVaultMember -Vault $place.Vault -Member 'shop01' -DataSet 'crm', 'mail' -Role Writer, Verifier
        (Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Mail).Outcome | Should -Be 'Succeeded'
    }

    It 'keeps the rights that snapshots rest on' {
        $null = Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'shop01'
        $null = Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Crm
        { Set-BackupVaultMember -Vault $place.Vault -Member 'shop01' -Role Auditor } | Should -Throw -ErrorId 'SB1905,*'
    }
}
