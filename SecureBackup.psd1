@{
    RootModule           = 'SecureBackup.PowerShell.dll'
    ModuleVersion        = '0.3.0'
    GUID                 = 'f2036aa1-0bce-4d77-810d-f95120216e35'
    Author               = 'The SecureBackup authors'
    CompanyName          = 'SecureBackup'
    Copyright            = 'Copyright (c) 2026 The SecureBackup authors. MIT licence.'
    Description          = 'Encrypted, deduplicated and verifiable backups of customer data, with proof that they can be restored.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')

    CmdletsToExport      = @(
        'Add-BackupLegalHold'
        'Add-BackupVaultKey'
        'Add-BackupVaultMember'
        'Approve-BackupVaultChange'
        'Approve-CustomerBackup'
        'Compare-CustomerBackup'
        'Connect-BackupVault'
        'Disconnect-BackupVault'
        'Export-BackupRecoveryShare'
        'Export-BackupWriterKey'
        'Export-CustomerData'
        'Get-BackupLegalHold'
        'Get-BackupTarget'
        'Get-BackupVault'
        'Get-BackupVaultChange'
        'Get-BackupVaultKey'
        'Get-BackupVaultMember'
        'Get-CustomerBackup'
        'Get-CustomerBackupItem'
        'Get-CustomerData'
        'Initialize-BackupTarget'
        'New-BackupVault'
        'Optimize-BackupVault'
        'Register-BackupTarget'
        'Remove-BackupLegalHold'
        'Remove-BackupVaultChange'
        'Remove-BackupVaultKey'
        'Remove-BackupVaultMember'
        'Remove-CustomerBackup'
        'Remove-CustomerData'
        'Repair-BackupVault'
        'Restore-BackupVaultKey'
        'Restore-CustomerBackup'
        'Set-BackupTarget'
        'Set-BackupVault'
        'Set-BackupVaultMember'
        'Start-CustomerBackup'
        'Test-BackupTarget'
        'Test-CustomerBackup'
        'Unregister-BackupTarget'
        'Update-BackupVaultKey'
    )
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()

    FormatsToProcess     = @('SecureBackup.Format.ps1xml')
    TypesToProcess       = @('SecureBackup.Types.ps1xml')

    PrivateData          = @{
        PSData = @{
            Tags = @('Backup', 'Restore', 'Encryption', 'Deduplication', 'Verification', 'Windows', 'Linux', 'MacOS')
        }
    }
}
