using System.Management.Automation;
using SecureBackup.Engine.Vault;
using SecureBackup.PowerShell.Binding;
using SecureBackup.PowerShell.Completion;

namespace SecureBackup.PowerShell.Commands;

/// <summary>Takes keys away from a vault, and locks the owner's keys anew for those that stay.</summary>
[Cmdlet(VerbsCommon.Remove, "BackupVaultKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
public sealed class RemoveBackupVaultKeyCommand : VaultCommand
{
    private readonly List<string> _keys = [];
    private string? _vault;

    /// <summary>Ids, or beginnings of them, or labels; or what Get-BackupVaultKey emits.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Id")]
    [KeyId]
    [ArgumentCompleter(typeof(VaultKeyCompleter))]
    [ValidateNotNullOrEmpty]
    public string[] Key { get; set; } = [];

    protected override void ProcessRecord()
    {
        _vault ??= RequireVaultPath();
        _keys.AddRange(Key);
    }

    /// <summary>All of them in one step: the last one is refused, however many calls it takes to get there.</summary>
    protected override void EndProcessing()
    {
        if (_vault is null || !ShouldProcess(_vault, $"Remove the key {string.Join(", ", _keys)} and lock the owner's keys anew"))
        {
            return;
        }

        RunOnVault(_vault, async (vault, gate, token) => gate.WriteKey(await VaultKeys.RemoveAsync(vault, _keys, token), _vault));
    }
}
