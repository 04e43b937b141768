using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>A member that was added, and where its key file is.</summary>
public sealed class BackupMemberKey
{
    private BackupMemberKey(AddedMember added, NewMember member, string vault)
    {
        Name = member.Name;
        MemberId = added.Id.ToString();
        Roles = BackupMember.RolesOf(member.Roles);
        Path = member.KeyFilePath;
        DataSets = member.DataSets ?? [];
        PendingChange = added.Append.Pending?.ToString();
        Vault = vault;
    }

    public string Name { get; }

    /// <summary>Fingerprint of the key by which the vault knows this member.</summary>
    public string MemberId { get; }

    public IReadOnlyList<BackupMemberRole> Roles { get; }

    /// <summary>The key file; null for an owner with a passphrase alone. Whoever holds it is this member.</summary>
    public string? Path { get; }

    /// <summary>The data sets that it may write; empty means all.</summary>
    public IReadOnlyList<string> DataSets { get; }

    /// <summary>The change that further owners must sign before the key works; null where it works now.</summary>
    public string? PendingChange { get; }

    public string Vault { get; }

    internal static BackupMemberKey From(AddedMember added, NewMember member, string vault) => new(added, member, vault);
}
