using System.Management.Automation;
using SecureBackup.Engine.Vault.Holds;
using SecureBackup.PowerShell.Completion;
using SecureBackup.PowerShell.Output;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Lists the legal holds that stand, oldest first.</summary>
[Cmdlet(VerbsCommon.Get, "BackupLegalHold")]
[OutputType(typeof(BackupLegalHold))]
public sealed class GetBackupLegalHoldCommand : VaultCommand
{
    /// <summary>The ids of holds, or the beginnings of them; all that stand when not given.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(HoldCompleter))]
    [ValidateNotNullOrEmpty]
    public string[]? Id { get; set; }

    protected override void ProcessRecord()
    {
        var path = RequireVaultPath();
        RunOnVault(path, async (vault, gate, token) =>
        {
            await vault.RefreshAsync(token);
            var wanted = Id?.Select(id => LegalHolds.Resolve(vault, id)).ToHashSet();
            foreach (var hold in LegalHolds.Read(vault).Where(hold => wanted?.Contains(hold.Placed.Id) != false))
            {
                gate.WriteObject(BackupLegalHold.From(path, hold));
            }
        });
    }
}
