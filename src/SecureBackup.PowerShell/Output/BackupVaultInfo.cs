using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>A vault as its folder and genesis tell it, without any key.</summary>
public sealed class BackupVaultInfo
{
    private BackupVaultInfo(string path, string id, DateTimeOffset created, bool isConnected, string? role)
    {
        Path = path;
        Id = id;
        Created = created;
        IsConnected = isConnected;
        Role = role;
    }

    public string Path { get; }

    public string Id { get; }

    /// <summary>When the vault says that it was made.</summary>
    public DateTimeOffset Created { get; }

    /// <summary>Whether this runspace holds it open.</summary>
    public bool IsConnected { get; }

    /// <summary>What the key that opened it may do: <c>Owner</c> does everything, <c>Writer</c> backs up, and so on; null while it is not open.</summary>
    public string? Role { get; }

    public override string ToString() => Path;

    internal static BackupVaultInfo From(string path, LockedVault vault) =>
        new(path, vault.Id.ToString(), vault.Register.CreatedAt.ToDateTimeOffset().ToLocalTime(), isConnected: false, role: null);

    internal static BackupVaultInfo From(string path, UnlockedVault vault, bool isConnected) =>
        new(path, vault.Id.ToString(), vault.Register.CreatedAt.ToDateTimeOffset().ToLocalTime(), isConnected, RoleOf(vault));

    private static string RoleOf(UnlockedVault vault) =>
        string.Join(", ", BackupMember.RolesOf(vault.Register.Find(vault.Self)?.Roles ?? Engine.Crypto.MemberRoles.None));
}
