using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Changes what a member may do.</summary>
[Cmdlet(VerbsCommon.Set, "BackupVaultMember", SupportsShouldProcess = true)]
[OutputType(typeof(BackupMember))]
public sealed class SetBackupVaultMemberCommand : VaultCommand
{
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("Id", "Name")]
    [ArgumentCompleter(typeof(MemberCompleter))]
    [ValidateNotNullOrEmpty]
    public string Member { get; set; } = string.Empty;

    /// <summary>All roles that it has from now on.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public BackupMemberRole[]? Role { get; set; }

    /// <summary>All data sets that it may write from now on.</summary>
    [Parameter]
    [ArgumentCompleter(typeof(DataSetCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? DataSet { get; set; }

    /// <summary>It may write every data set from now on.</summary>
    [Parameter]
    public SwitchParameter AllDataSets { get; set; }

    /// <summary>Gives a verifier the right to open what was backed up.</summary>
    [Parameter]
    public SwitchParameter CanRead { get; set; }

    /// <summary>Takes that right away, as far as keys of later epochs go.</summary>
    [Parameter]
    public SwitchParameter CannotRead { get; set; }

    protected override void ProcessRecord()
    {
        var path = RequireVaultPath();
        RunOnVault(path, async (vault, gate, token) =>
        {
            await vault.RefreshAsync(token);
            var member = MemberChange.Find(vault.Register, Member);
            if (!await gate.AskAsync(() => ShouldProcess(path, $"Change the rights of '{member.Entry.Name}' ({Display.ShortId(member.Entry.Id.ToString())})"), token))
            {
                return;
            }

            var rights = new NewRights
            {
                Roles = Role is null ? null : BackupMember.ToEngine(Role),
                DataSets = DataSet,
                AllDataSets = AllDataSets,
                MayRead = CanRead ? true : CannotRead ? false : null,
            };
            var append = await MemberChange.ApplyAsync(vault, member.Entry.Id, rights, token);
            if (!append.IsPending)
            {
                var names = (DataSet ?? []).ToDictionary(name => vault.Keys.DataSetIdOf(name).ToString(), static name => name, StringComparer.Ordinal);
                gate.WriteObject(BackupMember.From(vault.Register.Members[member.Entry.Id], vault, path, names));
            }
        });
    }
}
