#Requires -Version 7.6

Describe 'Remove-BackupVaultMember' {
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

    It 'keeps what was backed up and refuses what comes after' {
        $null = Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'shop01'
        $null = Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Crm
        $removed = Remove-BackupVaultMember -Vault $place.Vault -Member 'shop01' -Reason 'stolen' -Confirm:$false
        $removed.NewEpoch | Should -Be 2
        $removed.LastValid.Count | Should -Be 1
        { Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Crm } | Should -Throw -ErrorId 'SB4017,*'
        @(Get-CustomerBackup -Vault $place.Vault).Count | Should -Be 1
    }

    It 'drops what came after the last trusted snapshot' {
        $null = Export-BackupWriterKey -Vault $place.Vault -Path $keyFile -Name 'shop01'
        $good = Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Crm
        $null = Start-CustomerBackup -Vault $place.Vault -KeyFile $keyFile -Path $place.Crm
        (Remove-BackupVaultMember -Vault $place.Vault -Member 'shop01' -Reason 'stolen' -LastTrusted $good -Confirm:$false).SnapshotsDropped | Should -Be 1
        (Get-CustomerBackup -Vault $place.Vault).Id | Should -Be $good.Id
    }

    It 'does not remove the owner who asks, and nothing with -WhatIf' {
        $owner = (Get-BackupVaultMember -Vault $place.Vault).Name
        { Remove-BackupVaultMember -Vault $place.Vault -Member $owner -Reason 'leaves' -Confirm:$false } | Should -Throw -ErrorId 'SB1903,*'
        $before = Get-TreePicture -Path $place.Vault
        Remove-BackupVaultMember -Vault $place.Vault -Member $owner -Reason 'leaves' -WhatIf
        Get-TreePicture -Path $place.Vault | Should -BeExactly $before
    }
}
