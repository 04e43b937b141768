using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Vault;

namespace SecureBackup.PowerShell.Output;

/// <summary>A member of a vault, as its register knows it.</summary>
public sealed class BackupMember
{
    private BackupMember(VaultMember member, string vault)
    {
        Name = member.Entry.Name;
        Id = member.Entry.Id.ToString();
        Roles = RolesOf(member.Entry.Roles);
        CanRead = member.MayRead;
        IsRevoked = member.Entry.IsRevoked;
        Vault = vault;
    }

    public string Name { get; }

    /// <summary>Fingerprint of the key by which the vault knows this member.</summary>
    public string Id { get; }

    public IReadOnlyList<BackupMemberRole> Roles { get; }

    /// <summary>The data sets that it may write, by name where a snapshot tells it, else the beginning of the id; empty means all.</summary>
    public IReadOnlyList<string> DataSets { get; private init; } = [];

    /// <summary>Whether its key opens what was backed up.</summary>
    public bool CanRead { get; }

    /// <summary>Whether it was removed. Snapshots that its removal names stay valid.</summary>
    public bool IsRevoked { get; }

    /// <summary>Whether it is the member whose key opened the vault.</summary>
    public bool IsSelf { get; private init; }

    public string Vault { get; }

    public override string ToString() => Name;

    /// <param name="names">Of data sets, as far as they are known.</param>
    internal static BackupMember From(VaultMember member, UnlockedVault vault, string path, IReadOnlyDictionary<string, string> names) => new(member, path)
    {
        DataSets = [.. (member.DataSets ?? []).Select(id => names.GetValueOrDefault(id.ToString(), Display.ShortId(id.ToString()))).Order(StringComparer.Ordinal)],
        IsSelf = member.Entry.Id == vault.Self,
    };

    internal static IReadOnlyList<BackupMemberRole> RolesOf(MemberRoles roles) =>
        [.. Enum.GetValues<BackupMemberRole>().Where(role => roles.HasFlag(ToEngine(role)))];

    internal static MemberRoles ToEngine(IEnumerable<BackupMemberRole> roles) => roles.Aggregate(MemberRoles.None, static (all, role) => all | ToEngine(role));

    private static MemberRoles ToEngine(BackupMemberRole role) => (MemberRoles)(1 << (int)role);
}
