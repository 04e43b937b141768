using System.Management.Automation;
using SecureBackup.Engine.Crypto;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Takes a member's rights away for good: a host that was stolen, a person who left.</summary>
[Cmdlet(VerbsCommon.Remove, "BackupVaultMember", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(BackupMemberRemoval))]
public sealed class RemoveBackupVaultMemberCommand : VaultCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Id", "Name")]
    [ArgumentCompleter(typeof(MemberCompleter))]
    [ValidateNotNullOrEmpty]
    public string Member { get; set; } = string.Empty;

    /// <summary>Stands readable in the vault's register.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    public string Reason { get; set; } = string.Empty;

    /// <summary>The member's last snapshots that can be trusted; later ones count no more. All that are known stay valid when not given.</summary>
    [Parameter]
    [SnapshotId]
    [ArgumentCompleter(typeof(SnapshotCompleter))]
    [ValidateNotNullOrEmpty]
    public SnapshotReference[]? LastTrusted { get; set; }

    /// <summary>Begin no new key epoch.</summary>
    [Parameter]
    public SwitchParameter KeepEpoch { get; set; }

    protected override void ProcessRecord()
    {
        var path = RequireVaultPath();
        RunOnVault(path, async (vault, gate, token) =>
        {
            await vault.RefreshAsync(token);
            var member = MemberChange.Find(vault.Register, Member);
            var catalog = await SnapshotCatalog.LoadAsync(vault, token);
            var action = $"Remove the member for good{(KeepEpoch ? "" : ", and begin a new key epoch")}{LapsingOf(member, catalog)}";
            if (!await gate.AskAsync(() => ShouldProcess($"{member.Entry.Name} ({Display.ShortId(member.Entry.Id.ToString())}) of {path}", action), token))
            {
                return;
            }

            var request = new RevocationRequest(member.Entry.Id, Reason)
            {
                BeginsEpoch = !KeepEpoch,
                LastTrusted = LastTrusted?.Select(snapshot => catalog.Resolve(snapshot.Id)).ToList(),
            };
            var epoch = vault.Register.NewestEpoch + 1;
            var result = await MemberRevocation.RevokeAsync(vault, request, token);
            gate.WriteObject(BackupMemberRemoval.From(member, result, KeepEpoch ? null : epoch, path));
        });
    }

    /// <summary>What counts only by the member's word, and will not.</summary>
    private static string LapsingOf(VaultMember member, SnapshotCatalog catalog)
    {
        if (!member.Entry.Has(MemberRoles.Verifier))
        {
            return string.Empty;
        }

        var approved = MemberRevocation.ApprovedBy(catalog, member.Entry.Id);
        var undecided = approved.Count == 0 ? "" : $", and {approved.Count} suspect snapshot(s) that it approved ({string.Join(", ", approved.Take(3).Select(static snapshot => Display.ShortId(snapshot.Id.ToString())))}{(approved.Count > 3 ? ", …" : "")}) wait for a decision again";
        return $"; what it checked counts as not checked{undecided}";
    }
}
