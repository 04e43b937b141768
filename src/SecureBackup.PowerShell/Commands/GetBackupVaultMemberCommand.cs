using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Shows who may do what in a vault.</summary>
[Cmdlet(VerbsCommon.Get, "BackupVaultMember")]
[OutputType(typeof(BackupMember))]
public sealed class GetBackupVaultMemberCommand : VaultCommand
{
    [Parameter(Position = 0)]
    [SupportsWildcards]
    [ArgumentCompleter(typeof(MemberCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["*"];

    /// <summary>Also members that were removed.</summary>
    [Parameter]
    public SwitchParameter IncludeRevoked { get; set; }

    protected override void EndProcessing()
    {
        var path = RequireVaultPath();
        var patterns = Name.Select(static name => WildcardPattern.Get(name, WildcardOptions.IgnoreCase)).ToList();
        RunOnVault(path, async (vault, gate, token) =>
        {
            // The register alone would know no data set's name.
            var catalog = await SnapshotCatalog.LoadAsync(vault, token);
            var names = catalog.Snapshots.DistinctBy(static snapshot => snapshot.DataSetId).ToDictionary(static snapshot => snapshot.DataSetId.ToString(), static snapshot => snapshot.DataSet, StringComparer.Ordinal);
            foreach (var member in vault.Register.Members.Values
                .Where(member => (IncludeRevoked || !member.Entry.IsRevoked) && patterns.Exists(pattern => pattern.IsMatch(member.Entry.Name)))
                .OrderBy(static member => member.Entry.IsRevoked).ThenBy(static member => member.Entry.Name, StringComparer.OrdinalIgnoreCase))
            {
                gate.WriteObject(BackupMember.From(member, vault, path, names));
            }
        });
    }
}
