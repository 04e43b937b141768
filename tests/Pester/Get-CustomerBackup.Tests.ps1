#Requires -Version 7.6

Describe 'Get-CustomerBackup' {
    BeforeAll {
        . (Join-Path -Path $PSScriptRoot -ChildPath 'SecureBackup.TestPlace.ps1')
        Import-Module -Name (Get-PackagedModule) -Force
    }

    BeforeEach {
        $place = New-TestPlace -Root $TestDrive
        $null = New-BackupVault -Path $place.Vault | Connect-BackupVault
        $first = Start-CustomerBackup -Path $place.Crm -Tag 'weekly', 'paid'
        $second = Start-CustomerBackup -Path $place.Mail -Tag 'weekly'
    }

    AfterEach {
        Clear-TestPlace
    }

    It 'lists newest first' {
        (Get-CustomerBackup).Id | Should -Be @($second.Id, $first.Id)
    }

    It 'finds by data set, tag, host, time and id' {
        (Get-CustomerBackup -DataSet 'cr*').Id | Should -BeExactly $first.Id
        (Get-CustomerBackup -Tag 'paid').Id | Should -BeExactly $first.Id
        Get-CustomerBackup -Tag 'weekly' | Should -HaveCount 2
        Get-CustomerBackup -HostName 'nobody' | Should -BeNullOrEmpty
        (Get-CustomerBackup -After $second.Started).Id | Should -BeExactly $second.Id
        (Get-CustomerBackup -Before $second.Started).Id | Should -BeExactly $first.Id
        (Get-CustomerBackup -Id $first.Id.Substring(0, 12)).Id | Should -BeExactly $first.Id
        ($first | Get-CustomerBackup).Id | Should -BeExactly $first.Id
    }

    It 'gives the newest of each data set with -Latest' {
        $third = Start-CustomerBackup -Path $place.Crm -Force
        (Get-CustomerBackup -Latest).Id | Should -Be @($third.Id, $second.Id)
    }

    It 'says that no snapshot has this id' {
        { Get-CustomerBackup -Id 'zzz' } | Should -Throw -ErrorId 'SB5010,*'
    }

    It 'completes data sets, tags and ids' {
        $complete = { param($Text) (TabExpansion2 -inputScript $Text -cursorColumn $Text.Length).CompletionMatches.CompletionText }
        & $complete 'Get-CustomerBackup -DataSet ' | Should -Be @('crm', 'mail')
        & $complete 'Get-CustomerBackup -Tag p' | Should -Be 'paid'
        & $complete 'Get-CustomerBackup -Id ' | Should -Be @($second.Id.Substring(0, 12), $first.Id.Substring(0, 12))
    }

    It 'is shown as a table' {
        $text = Get-CustomerBackup | Out-String -Width 200
        $text | Should -Match 'Id\s+Time\s+DataSet\s+Files\s+Size\s+Stored\s+Faults\s+Verified\s+Outcome'
    }
}
