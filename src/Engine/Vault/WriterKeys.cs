using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Faults;

namespace SecureBackup.Engine.Vault;

/// <summary>Keys for backup hosts: they write and deduplicate, and open nothing that was stored. The most common kind of member.</summary>
public static class WriterKeys
{
    /// <summary>Makes a member with the right to write, and its key file.</summary>
    /// <param name="dataSets">Names of what it may write; null for all.</param>
    /// <exception cref="KeyException">NotAnOwner.</exception>
    /// <exception cref="RequestException">InvalidVaultOption, KeyFileExists, KeyFileNotWritable.</exception>
    /// <exception cref="VaultException">RegisterConflict: nothing was changed, and the key file is gone again.</exception>
    public static Task<AddedMember> ExportAsync(
        UnlockedVault owner, string name, string path, IReadOnlyList<string>? dataSets, CancellationToken cancellationToken) =>
        MemberAdmission.AddAsync(owner, new NewMember(name, MemberRoles.Writer) { KeyFilePath = path, DataSets = dataSets }, cancellationToken);
}
