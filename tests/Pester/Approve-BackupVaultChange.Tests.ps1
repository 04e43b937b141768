#Requires -Version 7.6

Describe 'Approve-BackupVaultChange' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault
        $keyFile = Join-Path -Path $place.Root -ChildPath 'bob.key'
        $null = Add-BackupVaultMember -Vault $place.Vault -Name 'bob' -Role Owner -Path $keyFile
        $null = Set-BackupVault -Vault $place.Vault -OwnersNeeded 2 -Confirm:$false
        $rotation = Update-BackupVaultKey -Vault $place.Vault -Reason 'two eyes' -WarningAction SilentlyContinue
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'makes the change with the last signature' {
        $change = Get-BackupVaultChange -Vault $place.Vault | Approve-BackupVaultChange -KeyFile $keyFile -Confirm:$false
        $change.IsDone | Should -BeTrue
        Get-BackupVaultChange -Vault $place.Vault | Should -BeNullOrEmpty
    }

    It 'writes the certificate with the last signature under an erasure' {
        Get-BackupVaultChange -Vault $place.Vault | Remove-BackupVaultChange
        $null = [pscustomobject]@{ Id = 1 } | Start-CustomerBackup -Vault $place.Vault -DataSet members -SubjectProperty Id
        $proof = Join-Path -Path $place.Root -ChildPath 'proof'
        $asked = Remove-CustomerData -Vault $place.Vault -Subject 1 -Reason 'request' -Confirm:$false -WarningAction SilentlyContinue
        $asked.State | Should -Be 'Pending'
        $asked.CertificatePath | Should -BeNullOrEmpty
        $change, $done = Approve-BackupVaultChange -Vault $place.Vault -Id $asked.PendingChange -KeyFile $keyFile -CertificatePath $proof -Confirm:$false
        $change.IsDone | Should -BeTrue
        $done.State | Should -Be 'Erased'
        $done.Pseudonym | Should -BeExactly $asked.Pseudonym
        (Get-Content -LiteralPath $done.CertificatePath -Raw | ConvertFrom-Json).owner.name | Should -BeExactly 'bob'
    }

    It 'takes no second signature of one owner' {
        { Approve-BackupVaultChange -Vault $place.Vault -Id $rotation.PendingChange -Confirm:$false } | Should -Throw -ErrorId 'SB1907,*'
    }

    It 'signs nothing with -WhatIf' {
        $before = Get-TreePicture -Path $place.Vault
        Approve-BackupVaultChange -Vault $place.Vault -Id $rotation.PendingChange -KeyFile $keyFile -WhatIf
        Get-TreePicture -Path $place.Vault | Should -BeExactly $before
    }
}
