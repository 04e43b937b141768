#Requires -Version 7.6

Describe 'Connect-BackupVault' {
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

    It 'serves the following cmdlets without name and key' {
        (Connect-BackupVault -Path $place.Vault).IsConnected | Should -BeTrue
        $env:SECUREBACKUP_PASSPHRASE = $null
        $null = Start-CustomerBackup -Path $place.Crm
        Get-CustomerBackup | Should -HaveCount 1
    }

    It 'takes the folder from Get-Item' {
        (Get-Item -LiteralPath $place.Vault | Connect-BackupVault).Path | Should -BeExactly $place.Vault
    }

    It 'refuses a wrong passphrase and names the remedy' {
        $secret = ConvertTo-SecureString -String 'not these words' -AsPlainText -Force
        $problem = { Connect-BackupVault -Path $place.Vault -Passphrase $secret } | Should -Throw -ErrorId 'SB4010,*' -PassThru
        $problem.ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
        $problem.CategoryInfo.Category | Should -Be 'AuthenticationError'
        $problem.Exception.Code | Should -Be 'SB4010'
    }

    It 'refuses two keys at once' {
        $secret = ConvertTo-SecureString -String 'words' -AsPlainText -Force
        { Connect-BackupVault -Path $place.Vault -Passphrase $secret -KeyFile $place.Crm } | Should -Throw -ErrorId 'SB1407,*'
    }
}
