using System.Management.Automation;
using SecureBackup.PowerShell.Binding;

namespace SecureBackup.PowerShell.Drives;

/// <summary>The drives of a session that show vaults.</summary>
internal static class BackupDrives
{
    private const string Everywhere = "Global";

    /// <summary>A drive that shows a connected vault; one that shows it under this name already stays.</summary>
    public static void Add(SessionState session, string name, string vaultPath)
    {
        if (Of(session, vaultPath).Any(drive => string.Equals(drive.Name, name, StringComparison.OrdinalIgnoreCase)))
        {
            return;
        }

        session.Drive.New(new PSDriveInfo(name, session.Provider.GetOne(BackupVaultProvider.Name), vaultPath, $"The vault {vaultPath}", null), Everywhere);
    }

    /// <summary>Takes away what would lead nowhere: the vault is not connected any more.</summary>
    public static void RemoveOf(SessionState session, string vaultPath)
    {
        foreach (var drive in Of(session, vaultPath))
        {
            // In whatever scope it was made.
            session.Drive.Remove(drive.Name, force: true, scope: null);
        }
    }

    private static List<PSDriveInfo> Of(SessionState session, string vaultPath) =>
    [
        .. session.Drive.GetAll().Where(drive =>
            string.Equals(drive.Provider.Name, BackupVaultProvider.Name, StringComparison.OrdinalIgnoreCase) && VaultPlace.IsSame(drive.Root, vaultPath)),
    ];
}
