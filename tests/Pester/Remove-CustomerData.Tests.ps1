#Requires -Version 7.6

Describe 'Remove-CustomerData' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'says that a customer is unknown, and erases nobody' {
        { Remove-CustomerData -Vault $place.Vault -Subject '4799' -Reason 'request' -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'SB1422,*'
    }

    It 'wants a reason' {
        { Remove-CustomerData -Vault $place.Vault -Subject '4711' -Reason ' ' -Confirm:$false -ErrorAction Stop } | Should -Throw -ErrorId 'SB1423,*'
    }

    It 'writes nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Vault
        Remove-CustomerData -Vault $place.Vault -Subject '4711' -Reason 'request' -WhatIf -ErrorAction SilentlyContinue
        Get-TreePicture -Path $place.Vault | Should -BeExactly $before
    }
}
